/** What `cdk` runs: one stack per account and region, for the pool `default`. */
import { App } from "aws-cdk-lib";
import { LamplighterStack } from "./stack.ts";

const app = new App();
new LamplighterStack(app, "Lamplighter", {
  description: "Lamplighter: captures every registered target on time, once per round.",
  pool: "default",
});
