/**
 * The state of each target of a slot, as its last capture left it.
 *
 *     waiting   never captured        up, down   by the last capture, since the first that was alike
 *
 * In:    SlotContents                                    Out: TargetStatus, one a target
 * Holds: durations are within 9 %, moments whole seconds: they come from packed results.
 * Fails: never (pure).
 */
import { cadenceKey } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { unpackLatest, type LatestResult } from "#domain/latest.ts";
import type { FailureCode } from "#domain/sample.ts";
import { slotOf, type Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import type { DurationMs, EpochMs } from "#domain/units.ts";
import { durationMs } from "#domain/units.ts";
import type { SlotContents } from "#ports/schedule-store.ts";

export type TargetState =
  | { readonly kind: "waiting" }
  | { readonly kind: "up"; readonly since: EpochMs; readonly durationMs: DurationMs }
  | {
      readonly kind: "down";
      readonly since: EpochMs;
      readonly durationMs: DurationMs;
      readonly failure: FailureCode;
    };

export interface TargetStatus {
  readonly target: Target;
  readonly slot: Slot;
  readonly state: TargetState;
}

export function statusesIn(contents: SlotContents, slotsLog2: number): readonly TargetStatus[] {
  const byCadence = new Map(
    contents.schedules.map(({ cadence, latest }) => [cadence, resultsByKey(latest)]),
  );
  return contents.targets.map((target) => {
    const { hash32, resultKey } = targetHash(target.id);
    const own = byCadence.get(cadenceKey(target.cadence))?.get(resultKey);
    // After a change of cadence the last result is still with the old one.
    const result = own ?? newestOf([...byCadence.values()].map((r) => r.get(resultKey)));
    return { target, slot: slotOf(hash32, slotsLog2), state: stateOf(result) };
  });
}

function resultsByKey(latest: Uint8Array): ReadonlyMap<number, LatestResult> {
  return new Map(unpackLatest(latest).map((result) => [result.resultKey, result]));
}

function newestOf(results: readonly (LatestResult | undefined)[]): LatestResult | undefined {
  return results
    .filter((result) => result !== undefined)
    .reduce<LatestResult | undefined>(
      (newest, result) => (newest === undefined || result.since > newest.since ? result : newest),
      undefined,
    );
}

function stateOf(result: LatestResult | undefined): TargetState {
  if (result === undefined) return { kind: "waiting" };
  const { since, failure } = result;
  const lasted = durationMs(result.durationMs);
  if (failure === undefined) return { kind: "up", since, durationMs: lasted };
  return { kind: "down", since, durationMs: lasted, failure };
}
