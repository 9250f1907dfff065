/**
 * What can go wrong with the things that a rehearsed pool depends on, and what a call to them meets.
 *
 * Throttling is injected where the adapter would see it: below its attempts. An attempt that is
 * throttled is counted by the meter; only when all attempts were does the use case hear of it.
 */
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { CallFate, Fates } from "./rehearsal-process.ts";
import type { Random } from "./rehearsal-random.ts";

/** Changed while time passes. */
export interface WorldFaults {
  /** Share of attempts that the tables' store throttles. */
  throttledShare: number;
  /** Whether the sample store refuses chunks. */
  isSampleStoreFull: boolean;
  /** Whether commits are refused, as by a role that lost a permission. */
  areCommitsDenied: boolean;
  /** Share of the targets whose captures fail. */
  failingShare: number;
  /** Chance of a single capture to fail, whatever its target: what is normal here. */
  flakyShare: number;
  /** Targets whose capture ends the collector's process. */
  killing: ReadonlySet<string>;
  /** What starting a capture costs its collector's thread. */
  captureCostMs: number;
  /** A collector's thread stands still for `ms` once in `everyMs`: too little of a processor. */
  stall: { readonly everyMs: number; readonly ms: number } | undefined;
}

const CALL_MS = { least: 2, most: 8 };
const PUT_MS = { least: 20, most: 60 };
/** The SDK's back-off before another attempt, about. */
const BACKOFF_MS = 50;

/** Calls to the tables, as the adapter's own meter would count them. */
export function tableFates(faults: WorldFaults, random: Random, meter: CapacityMeter): Fates {
  return (call) => {
    let tookMs = 0;
    if (call === "commit" && faults.areCommitsDenied) {
      return { tookMs: CALL_MS.least, error: denied(call) };
    }
    for (let attempt = 1; ; attempt += 1) {
      tookMs += random.between(CALL_MS.least, CALL_MS.most);
      if (random() >= faults.throttledShare) break;
      meter.throttle();
      if (attempt >= limits.storeAttemptsMax) return { tookMs, error: refused(call) };
      tookMs += random.between(0, BACKOFF_MS * 2 ** (attempt - 1));
    }
    meter.record(call, isRead(call) ? { read: 1, write: 0 } : { read: 0, write: 1 });
    return { tookMs };
  };
}

export function chunkFates(faults: WorldFaults, random: Random): Fates {
  return (call): CallFate => {
    const tookMs = random.between(PUT_MS.least, PUT_MS.most);
    return faults.isSampleStoreFull ? { tookMs, error: refused(call) } : { tookMs };
  };
}

/** Calls that nothing is rehearsed for: they only take time. */
export function plainFates(random: Random): Fates {
  return () => ({ tookMs: random.between(CALL_MS.least, CALL_MS.most) });
}

function isRead(call: string): boolean {
  return /^(read|list|find)/u.test(call);
}

function denied(call: string): DependencyError {
  return new DependencyError(`${call}: rehearsed to be denied`, { retryable: false });
}

function refused(call: string): DependencyError {
  return new DependencyError(`${call}: the store is rehearsed to refuse this`, { retryable: true });
}
