/** A few mutants from end to end: each is red for what its guard promises, and nothing else is. */
import { describe, expect, test } from "vitest";
import { MUTANTS, type Mutant } from "./catalogue/index.ts";
import type { Check } from "./checks.ts";
import { runWith, type Command } from "./runs.ts";
import { judge } from "./verdict.ts";

/** Small worlds, where the shortest trace is near. */
const SAMPLE = [
  ["request-removed-by-its-ids", "requests/by-hand/crashes", "neither captured since nor pending"],
  ["commit-without-revision", "requests/registration/crashes", "neither captured nor recorded"],
  ["restart-moves-watermark-back", "requests/first-target/writes", "goes back"],
] as const;

const SECONDS_MAX = 90;
const STATES_MAX = 30_000;

describe("a sample of mutants", () => {
  test.each(SAMPLE)(
    "%s is killed in %s",
    async (id, world, what) => {
      const verdict = await judge(mutantOf(id), [modelled(world)]);
      expect(verdict).toMatchObject({ kind: "killed", by: "model", how: { where: world } });
      expect(verdict.kind === "killed" && verdict.how.what).toContain(what);
    },
    2 * SECONDS_MAX * 1_000,
  );

  test(
    "one is killed by a file of tests, which holds without it",
    async () => {
      const mutant = mutantOf("store-move-without-version");
      const command: Command = {
        program: "test/mutants/directed.ts",
        args: ["test/mutants/guards/move-beside-a-move.test.ts"],
        secondsMax: SECONDS_MAX,
      };
      expect(await judge(mutant, [{ by: "directed", command }])).toMatchObject({
        kind: "killed",
        by: "directed",
        how: { where: "move-beside-a-move.test.ts" },
      });
    },
    2 * SECONDS_MAX * 1_000,
  );

  test(
    "without a mutant the same world holds",
    async () => {
      const [, world] = SAMPLE[0];
      expect(await runWith("", modelled(world, 2_000).command)).toEqual({ kind: "holds" });
    },
    2 * SECONDS_MAX * 1_000,
  );
});

function mutantOf(id: string): Mutant {
  const found = MUTANTS.find((mutant) => mutant.id === id);
  if (found === undefined) throw new RangeError(`no mutant ${id}`);
  return found;
}

function modelled(world: string, states = STATES_MAX): Check {
  const command: Command = {
    program: "test/model/main.ts",
    args: ["--until-broken", "--world", world, "--states", String(states)],
    secondsMax: SECONDS_MAX,
  };
  return { by: "model", command };
}
