/** The shipped code itself, put to the checks in small: a check that doesn't hold shows nothing of mutants. */
import { modelled, simulated, type Check, type CheckOptions } from "./checks.ts";
import { runWith } from "./runs.ts";

const FEW_SEEDS = 2;
const FEW_STATES = 2_000;

export interface BrokenCheck {
  readonly by: Check["by"];
  readonly why: string;
}

/** The checks that don't hold without a mutant; empty when all is well. */
export async function brokenAsShipped({
  secondsMax,
  by,
}: CheckOptions): Promise<readonly BrokenCheck[]> {
  const checks = [
    modelled(["--states", String(FEW_STATES)], secondsMax),
    simulated(FEW_SEEDS, secondsMax),
  ].filter((check) => by === undefined || check.by === by);
  const broken: BrokenCheck[] = [];
  for (const check of checks) {
    const run = await runWith("", check.command);
    if (run.kind === "holds") continue;
    const why = run.kind === "killed" ? `${run.how.where}: ${run.how.what}` : run.why;
    broken.push({ by: check.by, why });
  }
  return broken;
}
