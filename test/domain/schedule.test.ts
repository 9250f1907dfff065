/** What a commit allows is in test/contracts/schedule-store.contract.ts; here, any sequence of them. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cadenceKey } from "#domain/cadence.ts";
import { commit, newSchedule, raiseRevision, restart, type Schedule } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import { compareWatermarks, through } from "#domain/watermark.ts";
import { owner, T0 } from "#test/support/leases.ts";
import { MINUTE } from "#test/support/targets.ts";

const fresh = (): Schedule => newSchedule("default", 3 as Slot, cadenceKey(MINUTE), T0);

const step = fc.record({
  kind: fc.constantFrom("commit", "commit", "commit", "raise", "restart"),
  by: fc.constantFrom("ann", "bob"),
  epoch: fc.integer({ min: 1, max: 4 }),
  staleVersion: fc.constantFrom(0, 0, 0, 1),
  staleRevision: fc.constantFrom(0, 0, 0, 1),
  laterMs: fc.integer({ min: 0, max: 120_000 }),
});

test("whatever comes, version, revision, epoch and watermark never go back", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let schedule = fresh();
      for (const one of steps) {
        const before = schedule;
        const at = epochMs(before.watermark.at + one.laterMs);
        if (one.kind === "raise") schedule = raiseRevision(before);
        else if (one.kind === "restart") schedule = restart(before, epochMs(T0 + one.laterMs));
        else {
          const { result, after } = commit(before, {
            ...before,
            epoch: one.epoch,
            by: owner(one.by),
            version: before.version - one.staleVersion,
            revision: before.revision - one.staleRevision,
            watermark: through(at),
            serviceMs: durationMs(1),
          });
          expect(after === undefined).toBe(
            result.kind !== "committed" || result.version === before.version,
          );
          if (one.epoch < before.epoch && before.by !== owner(one.by))
            expect(result.kind).toBe("fenced");
          schedule = after ?? before;
        }
        expect(schedule.version).toBeGreaterThanOrEqual(before.version);
        expect(schedule.revision).toBeGreaterThanOrEqual(before.revision);
        expect(schedule.epoch).toBeGreaterThanOrEqual(before.epoch);
        expect(compareWatermarks(schedule.watermark, before.watermark)).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});

test("a registration makes every commit stale that does not know of it", () => {
  for (const changed of [raiseRevision(fresh()), restart(fresh(), T0)]) {
    const request = { ...fresh(), epoch: 1, by: owner("ann"), watermark: through(T0) };
    expect(commit(changed, request).result.kind).toBe("revised");
  }
});
