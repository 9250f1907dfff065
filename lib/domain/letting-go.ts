/**
 * The giver's side of a hand-over: what it keeps of slots that it lets go, and what answers mean for it.
 *
 *     ours --a write is sent--> asked --it landed--> landed --all before the cut is done--> forgotten
 *                               asked --no answer: the same is asked with each heartbeat--> asked
 *                               asked --refused while the slots are still ours--> ours
 *                               asked --overtaken: a write raised the lease's version--> read again
 *
 * In:    the lease as known, what is kept, the store's answers          Out: decisions as values
 * Holds: nothing due from the cut on is started, and nothing committed under a later epoch than that
 *        of the moment it let go, until a refusal says that the write can never land.
 * Fails: never (pure).
 * Source: DESIGN, section 4, "Hand-over at a moment", "The giver".
 */
import { withoutPast, type OpenEntry, type SlotCut } from "./hand-over.ts";
import type { GiveResult, Lease, Owner, ReleaseResult } from "./lease.ts";
import { covers, overlaps, type Range, type RangeSet } from "./range.ts";
import { after, earliest, epochMs, latestOf, type EpochMs } from "./units.ts";

/** What a giver keeps after it let go of a slot. */
export interface Kept {
  readonly cut: EpochMs;
  readonly until: EpochMs;
  /**
   * Until when what is kept may be started: `until`, once the write is known to have landed. Before,
   * no longer than the lease lasts: if it doesn't land, another takes the lease then.
   */
  readonly startsUntil: EpochMs;
  /** The epoch it had then: never a later one. */
  readonly epoch: number;
}

export interface LetGo {
  /** asked: whether the write was applied is not known. */
  readonly outcome: "asked" | "landed";
  /** The lease's version that the write relies on. */
  readonly version: number;
}

/** What is kept in all the slots that these entries are over; without any there is nothing to wait for. */
export function keptBy(entries: readonly OpenEntry[], lease: Lease, now: EpochMs): Kept {
  const cut = entries.reduce((latest, entry) => latestOf(latest, entry.cut), now);
  const until = entries.reduce((latest, entry) => latestOf(latest, entry.until), cut);
  const endsAt = lease.holder === undefined ? until : after(lease.holder.expiresAt, -1);
  return { cut, until, startsUntil: earliest(until, endsAt), epoch: lease.epoch };
}

/** The same when the write is known to have landed. */
export function keptForGood(kept: Kept): Kept {
  return { ...kept, startsUntil: kept.until };
}

/** Whether the instant is no longer ours to start. */
export function isTakers(kept: Kept | undefined, instant: EpochMs): boolean {
  return kept !== undefined && instant >= kept.cut;
}

/** Rounds that began by then are taken up: by a giver those from before the cut, however late it looks. */
export function takenUpThrough(kept: Kept | undefined, now: EpochMs): EpochMs {
  return kept === undefined ? now : earliest(now, after(kept.cut, -1));
}

/** Whether anything may be started now: by an owner until its lease ends, by a giver until `until`. */
export function mayStartAt(kept: Kept | undefined, now: EpochMs, expiresAt: EpochMs): boolean {
  return kept === undefined ? now < expiresAt : now <= kept.startsUntil;
}

/** By when what is started must have ended: room for its commit is left. */
export function mustEndBy(
  kept: Kept | undefined,
  deadlineAt: EpochMs,
  commitTimeMs: number,
): EpochMs {
  return after(kept === undefined ? deadlineAt : kept.until, -commitTimeMs);
}

/** Captures on request are taken up by who stays: who lets go leaves them to the next owner. */
export function mayServeRequests(kept: Kept | undefined, isLeaving: boolean): boolean {
  return kept === undefined && !isLeaving;
}

/** Under which epoch commits are made: a giver's is frozen. */
export function commitEpoch(kept: Kept | undefined, leaseEpoch: number): number {
  return kept?.epoch ?? leaseEpoch;
}

/** Whether a giver has nothing left to do: all before the cut is committed, or it is too late for it. */
export function isKeptOver(kept: Kept, now: EpochMs, isCommitted: boolean): boolean {
  return now > kept.until || (now >= kept.cut && isCommitted);
}

/** What a slot's schedule has open when it is let go. */
export interface OpenWork {
  /** Rounds are taken up, or captures not committed. */
  readonly isUnderWay: boolean;
  /** As a taker: what it waits for itself. */
  readonly cut: SlotCut | undefined;
  /** First instant after the committed watermark; Infinity when nothing is ever due. */
  readonly nextDueAt: number;
}

/** Whether anything is due before the cut and not committed; where that isn't known, it may be. */
export function mayBeOpenBefore(work: OpenWork, cut: EpochMs): boolean {
  return work.isUnderWay || work.cut !== undefined || work.nextDueAt < cut;
}

/** What a give or a release writes: none where everything before the cut is committed. */
export function entriesToWrite(
  entries: readonly OpenEntry[],
  needed: readonly Range[],
  kept: Kept,
): readonly OpenEntry[] {
  if (needed.length > OPEN_ENTRIES_MAX) return entries;
  return needed.map((range) => ({ range, cut: kept.cut, until: kept.until }));
}

/** Beyond this many pieces the record would grow more than the entries save. */
const OPEN_ENTRIES_MAX = 24;

/** What the record of a released lease holds: what was open and still is, and what the giver keeps. */
export function openOfReleased(
  lease: Lease,
  kept: readonly OpenEntry[],
  now: EpochMs,
  skewMaxMs: number,
): OpenEntry[] {
  return [...withoutPast(lease.open, now, skewMaxMs), ...kept];
}

/** What a release tells of when to look here again. */
export interface Dues {
  /** Some slot was not read: something may be due in it. */
  readonly isUnread: boolean;
  /** Oldest instant not yet committed, what is kept included; Infinity when nothing is ever due. */
  readonly soonest: number;
}

/** Nothing due at all: far away, but a date that any store can keep. */
export function nextDueOfReleased(dues: Dues, now: EpochMs, farthestMs: number): EpochMs {
  return epochMs(dues.isUnread ? now : Math.min(dues.soonest, now + farthestMs));
}

/** What the answer to a release or a give means for what is kept. */
export type Answer =
  /** It was applied: what is due before the cut is finished, and no more. */
  | "landed"
  /** It can never land, and the slots are ours as before. */
  | "ours again"
  /** Another has the lease, or nobody: what is open is dropped. */
  | "lost"
  /** There was no answer. It may land late: nothing due from the cut on is started. */
  | "unknown";

/**
 * A release that is refused may have landed before, its answer lost, and a successor have the lease
 * since: then the record has the entries that it wrote.
 *
 * @param answer undefined when there was none
 * @param asked what was let go, and the entries written for it
 */
export function answerToRelease(
  answer: ReleaseResult | undefined,
  asked: { readonly owner: Owner; readonly kept: readonly OpenEntry[] },
): Answer {
  if (answer === undefined) return "unknown";
  if (answer.kind === "released") return "landed";
  if (answer.lease?.holder?.owner === asked.owner) return "ours again";
  const open = answer.lease?.open ?? [];
  return asked.kept.length > 0 && asked.kept.every((entry) => isWritten(entry, open))
    ? "landed"
    : "lost";
}

/** Whether the entry is there: a move since may have split it. */
function isWritten(entry: OpenEntry, open: readonly OpenEntry[]): boolean {
  const same = open.filter(({ cut, until }) => cut === entry.cut && until === entry.until);
  return covers(
    same.map(({ range }) => range),
    [entry.range],
  );
}

/**
 * A give that is refused may have landed before, its answer lost, and the leases have changed since.
 * While our name is on ours, only a give of ours can have taken ranges from it: this one, if the
 * taker has its entries, or has given them on; else an older one, with a cut that we don't keep to.
 *
 * @param answer undefined when there was none
 */
export function answerToGive(
  answer: GiveResult | undefined,
  asked: {
    readonly owner: Owner;
    readonly ranges: RangeSet;
    readonly open: readonly OpenEntry[];
  },
): Answer {
  if (answer === undefined) return "unknown";
  if (answer.kind === "given") return "landed";
  const { from, to } = answer;
  if (from?.holder?.owner !== asked.owner) return "lost";
  if (overlaps(from.ranges, asked.ranges)) return "ours again";
  if (to === undefined || !overlaps(to.ranges, asked.ranges)) return "landed";
  return asked.open.every((entry) => isWritten(entry, to.open)) ? "landed" : "lost";
}

/**
 * Whether a write that had no answer can land no more, or has: the lease was changed since. What
 * others did to the slots meanwhile is unknown, and they are read again.
 */
export function isOvertaken(letGo: LetGo | undefined, leaseVersion: number): boolean {
  return letGo?.outcome === "asked" && leaseVersion > letGo.version;
}

/**
 * Whether a giver whose part is over may forget a slot, and take it up again if it is ours. A write
 * that had no answer may land however late: then nothing due from the cut on is ours to start.
 */
export function mayForget(letGo: LetGo): boolean {
  return letGo.outcome === "landed";
}
