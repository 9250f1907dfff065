import { describe, expect, test } from "vitest";
import type { Expected, Mutant } from "./catalogue/index.ts";
import { asShipped, checksFor } from "./checks.ts";

const OPTIONS = { secondsMax: 10, seedsMax: 50 } as const;

const mutant = (expected: Expected, file = "lib/domain/lease.ts"): Mutant => ({
  id: "one",
  file,
  find: "a",
  replace: "b",
  why: "A guard is gone.",
  expected,
});

const told = (checks: ReturnType<typeof checksFor>): string[] =>
  checks.map(({ by, command }) => [by, ...command.args].join(" "));

describe("the checks of a mutant", () => {
  test("begin with the world and the seed that have found it", () => {
    const checks = told(checksFor(mutant({ by: "both", world: "w", seed: 7 }), "leases", OPTIONS));
    expect(checks.slice(0, 3)).toEqual([
      "model --until-broken --world w --states 30000 --seconds 10",
      "model --until-broken --world w --seconds 10",
      "simulation --seed 7",
    ]);
    expect(checks.at(-1)).toBe("simulation --seeds 50 --until-broken");
  });

  test("are none where what is asked for can't see it", () => {
    const simulated = mutant({ by: "simulation", seed: 7 });
    expect(checksFor(simulated, "collector", { ...OPTIONS, by: "model" })).toEqual([]);
    const modelled = mutant({ by: "model", world: "w" });
    expect(checksFor(modelled, "leases", { ...OPTIONS, by: "simulation" })).toEqual([]);
  });

  test("are few against a proof of equivalence", () => {
    const proven = mutant({ by: "none", equivalent: "…" });
    expect(told(checksFor(proven, "leases", OPTIONS))).toHaveLength(2);
    const store = mutant({ by: "none", equivalent: "…" }, "lib/adapters/dynamodb/access.ts");
    expect(told(checksFor(store, "stores", OPTIONS))).toEqual([
      "simulation --seeds 3 --until-broken",
    ]);
  });

  test("are made again without it, where they found something", () => {
    const [check] = checksFor(mutant({ by: "simulation", seed: 7 }), "collector", OPTIONS);
    expect(check && asShipped(check, "seed 9").args).toEqual(["--seed", "9"]);
  });
});
