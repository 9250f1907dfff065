/**
 * Collectors through whatever may happen to them: DESIGN, section 4, "What must hold in every
 * reachable state". More and other runs: LAMPLIGHTER_CHAOS_RUNS=500 LAMPLIGHTER_CHAOS_SEED=7
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scenario } from "#test/support/chaos-scenario.ts";
import { whatFailed, whatFaultsWouldExcuse } from "#test/support/chaos-checks.ts";
import { playScenario } from "#test/support/collector-chaos.ts";

const RUNS = Number(process.env["LAMPLIGHTER_CHAOS_RUNS"] ?? 8);
// The same scenarios every time, unless asked for others: a build doesn't fail by bad luck.
const SEED = Number(process.env["LAMPLIGHTER_CHAOS_SEED"] ?? 20_261_121);
const OPTIONS = { numRuns: RUNS, seed: SEED, endOnFailure: true };
const SHOWN = 8;

describe("collectors, whatever happens", { timeout: Math.max(120_000, RUNS * 20_000) }, () => {
  it("hand over as planned without a duplicate, a gap or a delay", async () => {
    await fc.assert(
      fc.asyncProperty(scenario("planned"), async (planned) => {
        const played = await playScenario(planned);
        const wrong = [...(await whatFailed(played)), ...whatFaultsWouldExcuse(played)];
        expect(wrong.slice(0, SHOWN)).toEqual([]);
      }),
      OPTIONS,
    );
  });

  it("lose nothing and get stuck nowhere through kills, pauses, errors and clock jumps", async () => {
    await fc.assert(
      fc.asyncProperty(scenario("faults"), async (faulty) => {
        const played = await playScenario(faulty);
        expect((await whatFailed(played)).slice(0, SHOWN)).toEqual([]);
      }),
      OPTIONS,
    );
  });
});
