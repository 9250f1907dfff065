/**
 * Writes targets of one slot no faster than its partition bears.
 *
 * Holds: after the first piece, at most `limits.registrationUnitsPerSecond` write units a second;
 *        a partition of the store takes 1,000, and commits need their part of it.
 * Fails: DependencyError of the store.
 * Source: DynamoDB developer guide, "Designing partition keys" (1,000 write units a second a
 *         partition), November 2026.
 */
import { limits } from "#domain/limits.ts";
import type { Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import { sleep, type Clock } from "#ports/clock.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { patiently } from "./patiently.ts";

const WRITE_UNIT_BYTES = 1_024;
/** Key and attribute names around the definition. */
const RECORD_OVERHEAD_BYTES = 160;

export interface PacedWrite {
  readonly target: Target;
  /** Of the definition. */
  readonly bytes: number;
}

export interface PacedPut {
  readonly pool: string;
  readonly slot: Slot;
  readonly writes: readonly PacedWrite[];
}

export async function putPaced(
  { schedules, clock }: { readonly schedules: ScheduleStore; readonly clock: Clock },
  { pool, slot, writes }: PacedPut,
): Promise<void> {
  const startedAt = clock.now();
  let units = 0;
  for (const piece of pieces(writes)) {
    const dueAfterMs = (units * 1_000) / limits.registrationUnitsPerSecond;
    // A clock that was set back must not stretch the wait.
    const waitMs = Math.min(dueAfterMs, dueAfterMs - (clock.now() - startedAt));
    if (waitMs > 0) await sleep(clock, waitMs);
    const targets = piece.map(({ target }) => target);
    await patiently(clock, () => schedules.putTargets(pool, slot, targets));
    units += piece.reduce((sum, { bytes }) => sum + writeUnits(bytes), 0);
  }
}

function writeUnits(bytes: number): number {
  return Math.ceil((bytes + RECORD_OVERHEAD_BYTES) / WRITE_UNIT_BYTES);
}

/** Cut by units, so that a piece of large records is no burst either. */
function* pieces(writes: readonly PacedWrite[]): Generator<readonly PacedWrite[]> {
  let piece: PacedWrite[] = [];
  let units = 0;
  for (const write of writes) {
    piece.push(write);
    units += writeUnits(write.bytes);
    if (units < limits.registrationPutMax) continue;
    yield piece;
    piece = [];
    units = 0;
  }
  if (piece.length > 0) yield piece;
}
