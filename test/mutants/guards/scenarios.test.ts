/** Runs of the simulation in which one thing goes on for long, where a seed has it now and then. */
import { expect, test } from "vitest";
import { playScenario } from "#test/simulation/play.ts";
import type { Happens, Scenario } from "#test/simulation/scenario.ts";

const CALM: Omit<Scenario, "events"> = {
  seed: 1,
  kind: "troubled",
  slotsLog2: 2,
  collectors: 1,
  targets: 12,
  cadences: [0],
  hangingShare: 0,
  latencyMaxMs: 50,
  timeoutMs: 1_000,
  lifeMs: 900_000,
  clocks: { skewMaxMs: 50, driftMax: 0.000_1 },
  lastsMs: 600_000,
  quietFromMs: 360_000,
};

test("what is recorded as missed since a registration is durable before anything after it is committed", async () => {
  const registrations = Array.from({ length: 30 }, (_, index): Happens => {
    const at = 90_000 + index * 7_300;
    return { at, what: { kind: "register", count: 2, cadence: 0 } };
  });
  const slowly: Happens = { at: 80_000, what: { kind: "chunks", how: "slow", ms: 260_000 } };
  const played = await playScenario({ ...CALM, events: [slowly, ...registrations] });
  expect(played.violations.map(({ what }) => what)).toEqual([]);
  expect(played.counts?.registrations).toBeGreaterThan(25);
});

test("what was not started when the next round begins is recorded as missed", async () => {
  // Shorter than a lease, longer than what is left of a round.
  const pauses = Array.from({ length: 12 }, (_, index): Happens => {
    const at = 80_000 + index * 21_700;
    return { at, what: { kind: "pause", which: 0, of: "collect", ms: 6_000 } };
  });
  const played = await playScenario({ ...CALM, targets: 40, events: pauses });
  expect(played.violations.map(({ what }) => what)).toEqual([]);
  expect(played.counts?.pauses).toBe(pauses.length);
});
