/**
 * A lease whose ranges kill every collector that takes them: nobody owns it for a while.
 *
 *     ordinary --deathsToDivide owners died--> divided among wards, which are unowned leases
 *     ward --its owner dies--> quarantined --its time is over--> divided again, or unowned
 *     ordinary of one slot --deathsToQuarantine owners died--> quarantined
 *     ward, ordinary --an owner releases--> ordinary, without a death        quarantined --lift--> ordinary
 *
 * So a killing slot costs three collectors, its ward is all that waits, and each later try costs one
 * more and halves the ward at least, down to the slot itself.
 *
 * In:    the lease as stored, the request, never a clock   Out: the lease after, or the refusal
 * Holds: nobody owns a quarantined lease before its time is over; version grows, the epoch stays:
 *        the next owner raises it. A request that finds itself carried out succeeds again.
 * Fails: never (pure).
 */
import { recentDeaths } from "./deaths.ts";
import {
  isHeld,
  isQuarantined,
  noteDeath,
  withoutHolder,
  withoutSuspicion,
  type Lease,
  type LeaseId,
  type Ward,
} from "./lease.ts";
import { limits } from "./limits.ts";
import { slotsIn } from "./range.ts";
import { after, epochMs, type EpochMs } from "./units.ts";

export interface QuarantineRequest {
  readonly pool: string;
  readonly id: LeaseId;
  readonly version: number;
  readonly now: EpochMs;
  readonly until: EpochMs;
  readonly skewMaxMs: number;
  readonly deathsWithinMs: number;
}

export type QuarantineResult =
  | { readonly kind: "quarantined"; readonly lease: Lease }
  | { readonly kind: "refused"; readonly why: "version" | "gone" | "held" };

/** By the rebalancer, of a lease that nobody holds; an expired owner is removed in the same write. */
export function quarantine(lease: Lease | undefined, request: QuarantineRequest): QuarantineResult {
  if (lease === undefined) return { kind: "refused", why: "gone" };
  const { version, now, until, skewMaxMs } = request;
  if (isOwnQuarantine(lease, request)) return { kind: "quarantined", lease };
  if (lease.version !== version) return { kind: "refused", why: "version" };
  if (isHeld(lease, now, skewMaxMs) || isQuarantined(lease, now, skewMaxMs))
    return { kind: "refused", why: "held" };
  return {
    kind: "quarantined",
    lease: {
      ...withoutSuspicion(withoutHolder(lease)),
      nextDueAt: silentSince(lease),
      version: version + 1,
      quarantine: { since: now, until },
      ward: wardOf(lease, request),
    },
  };
}

function isOwnQuarantine({ version, quarantine }: Lease, request: QuarantineRequest): boolean {
  return (
    version === request.version + 1 &&
    quarantine?.since === request.now &&
    quarantine.until === request.until
  );
}

/** Whoever tries it after the cool-down is told by it: one more death, and it is shut again. */
function wardOf(lease: Lease, { now, until, deathsWithinMs }: QuarantineRequest): Ward {
  const own = recentDeaths(noteDeath(lease, { now, deathsWithinMs }).deaths, now, deathsWithinMs);
  return {
    of: lease.ward?.of ?? lease.id,
    until: after(until, deathsWithinMs),
    deaths: (lease.ward?.deaths ?? 0) + own.length,
  };
}

/** Since when its captures are open: the owner's last word, or when something was due. */
function silentSince({ holder, progress, nextDueAt }: Lease): EpochMs {
  if (holder === undefined) return nextDueAt;
  return progress === undefined ? holder.expiresAt : epochMs(progress.at - progress.lagMs);
}

export interface LiftRequest {
  readonly pool: string;
  readonly id: LeaseId;
  readonly version: number;
}

export type LiftResult =
  | { readonly kind: "lifted"; readonly lease: Lease }
  | {
      readonly kind: "refused";
      readonly why: "version" | "gone" | "not-quarantined";
      readonly lease?: Lease;
    };

/** By hand: the lease is like any other again, with all that came due meanwhile. */
export function lift(lease: Lease | undefined, request: LiftRequest): LiftResult {
  if (lease === undefined) return { kind: "refused", why: "gone" };
  if (isOwnLift(lease, request)) return { kind: "lifted", lease };
  if (lease.version !== request.version) return { kind: "refused", why: "version", lease };
  if (lease.quarantine === undefined) return { kind: "refused", why: "not-quarantined", lease };
  return {
    kind: "lifted",
    lease: { ...withoutSuspicion(withoutHolder(lease)), version: lease.version + 1 },
  };
}

/** Nothing else takes a quarantine away and leaves neither an owner nor the ward. */
function isOwnLift({ version, holder, quarantine, ward }: Lease, request: LiftRequest): boolean {
  const isPlain = holder === undefined && quarantine === undefined && ward === undefined;
  return isPlain && version === request.version + 1;
}

// What is to be done about a lease ---------------------------------------------------------------

export interface DeathTimes {
  readonly now: EpochMs;
  readonly skewMaxMs: number;
  readonly slotsLog2: number;
}

export type Verdict = "sound" | "divide" | "quarantine";

/** Of this lease alone; whether the deaths were the fleet's is asked elsewhere. */
export function verdictOf(lease: Lease, times: DeathTimes): Verdict {
  const { now, skewMaxMs, slotsLog2 } = times;
  if (lease.ranges.length === 0 || isHeld(lease, now, skewMaxMs)) return "sound";
  const isDivisible = slotsIn(lease.ranges, slotsLog2).length > 1;
  if (lease.quarantine !== undefined) {
    return isDivisible && !isQuarantined(lease, now, skewMaxMs) ? "divide" : "sound";
  }
  const deaths = deathsOf(lease, now).length;
  if (isWard(lease, now)) return deaths > 0 ? "quarantine" : "sound";
  if (deaths < limits.deathsToDivide) return "sound";
  if (isDivisible) return "divide";
  return deaths < limits.deathsToQuarantine ? "sound" : "quarantine";
}

export function isWard({ ward }: Lease, now: EpochMs): boolean {
  return ward !== undefined && now < ward.until;
}

/** Deaths that count, the one that nobody noted yet included: an owner whose time ran out. */
export function deathsOf(lease: Lease, now: EpochMs): readonly EpochMs[] {
  const { holder, deaths } = lease;
  const isSilent = holder !== undefined && now >= holder.expiresAt;
  const all = isSilent ? [...(deaths ?? []), holder.expiresAt] : deaths;
  return recentDeaths(all, now, limits.deathsWithinMs);
}

/** How many collectors its ranges have killed, those before it was divided off included. */
export function deathsInAll(lease: Lease, now: EpochMs): number {
  return deathsOf(lease, now).length + (lease.ward?.deaths ?? 0);
}
