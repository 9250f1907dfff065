/** What `cdk` runs: settings are checked, and the stack of one pool is written. */
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { reportOf } from "./report.ts";
import { InvalidSettingsError, readSettings } from "./settings.ts";
import { LamplighterStack } from "./stack.ts";

try {
  const app = new App();
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  // Its own type is any.
  const context = app.node.getAllContext() as Readonly<Record<string, unknown>>;
  const settings = readSettings(context);
  new LamplighterStack(app, { settings });
  // What the CDK itself reads is standard output.
  process.stderr.write(reportOf(settings));
} catch (error) {
  if (!(error instanceof InvalidSettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
