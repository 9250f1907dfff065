/**
 * Captured + missed = due, per target: every instant that was due is accounted for, exactly once.
 *
 * In:    a target, its records as read, a window           Out: due, captured, missed, lost
 * Holds: due = captured + missed + lost; what is lost is named by its instant.
 * Source: DESIGN, section 4, invariants 4 and 6.
 */
import { cadenceKey } from "../cadence.ts";
import { targetHash } from "../hash.ts";
import { exactStart, nextRound, roundFrom, spread, type Round } from "../instant.ts";
import type { MissedRecord, SampleRecord } from "../sample.ts";
import { offsetInSlot, slotOf } from "../slot.ts";
import type { Target } from "../target.ts";
import { epochMs, type EpochMs } from "../units.ts";
import { isAfter, type Watermark } from "../watermark.ts";

export interface DueInstant {
  /** The round's name. */
  readonly round: EpochMs;
  readonly instant: EpochMs;
}

// A second's cadence for a week and more.
const INSTANTS_MAX = 1_000_000;

/** Instants of a target in [from, to), ascending, from the cadence and its place alone. */
export function dueInstants(
  target: Pick<Target, "id" | "cadence">,
  slotsLog2: number,
  from: EpochMs,
  to: EpochMs,
): DueInstant[] {
  const { hash32 } = targetHash(target.id);
  const slot = slotOf(hash32, slotsLog2);
  const shift = spread(target.cadence, slotsLog2, offsetInSlot(hash32, slotsLog2));
  const found: DueInstant[] = [];
  let round: Round | undefined = roundFrom(target.cadence, slot, slotsLog2, from);
  while (round !== undefined && round.at < to && found.length < INSTANTS_MAX) {
    const instant = epochMs(Math.floor(exactStart(round, target.cadence, slot, slotsLog2) + shift));
    if (instant >= from && instant < to) found.push({ round: round.at, instant });
    round = nextRound(target.cadence, slot, slotsLog2, round.at);
  }
  return found;
}

export interface Account {
  readonly due: number;
  readonly captured: number;
  readonly missed: number;
  readonly lost: readonly DueInstant[];
  /** Rounds that were captured and that this target does not have. */
  readonly extra: readonly EpochMs[];
}

export interface AccountRequest {
  readonly target: Target;
  readonly slotsLog2: number;
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** Only what is committed need be accounted for. */
  readonly watermark: Watermark;
  /** Of this target. */
  readonly samples: readonly SampleRecord[];
  /** Of its slot and cadence. */
  readonly missed: readonly MissedRecord[];
}

export function accountOf(request: AccountRequest): Account {
  const { target, slotsLog2, from, to, watermark, missed } = request;
  const key = cadenceKey(target.cadence);
  const offset = offsetInSlot(targetHash(target.id).hash32, slotsLog2);
  const rounds = new Set(
    request.samples.flatMap(({ cadence, round }) =>
      cadence === key && round !== undefined ? [round] : [],
    ),
  );
  const since = epochMs(Math.max(from, target.registeredAt));
  const due = dueInstants(target, slotsLog2, since, to).filter(
    ({ instant }) => !isAfter(instant, offset, watermark),
  );
  const open = due.filter(({ round }) => !rounds.has(round));
  const lost = open.filter(
    ({ instant }) =>
      !missed.some(
        (record) => record.cadence === key && isMissed(record, target.id, { instant, offset }),
      ),
  );
  return {
    due: due.length,
    captured: due.length - open.length,
    missed: open.length - lost.length,
    lost,
    extra: [...rounds].filter((round) => !isRoundOf(target, slotsLog2, round)),
  };
}

function isMissed(
  record: MissedRecord,
  id: string,
  { instant, offset }: { instant: EpochMs; offset: number },
): boolean {
  if (record.targets !== undefined && !record.targets.includes(id)) return false;
  return isAfter(instant, offset, record.from) && !isAfter(instant, offset, record.to);
}

function isRoundOf(target: Target, slotsLog2: number, round: EpochMs): boolean {
  const slot = slotOf(targetHash(target.id).hash32, slotsLog2);
  return nextRound(target.cadence, slot, slotsLog2, epochMs(round - 1))?.at === round;
}
