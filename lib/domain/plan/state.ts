/** What a plan is made from, and what it consists of. */
import type { Fleet } from "../fleet.ts";
import type { Lease, LeaseId } from "../lease.ts";
import type { RangeSet } from "../range.ts";
import type { EpochMs } from "../units.ts";

export interface PlanLimits {
  /** Moves in one run; the rest waits for the next. */
  readonly movesMax: number;
  readonly rangesPerMoveMax: number;
  readonly leasesMax: number;
  readonly skewMaxMs: number;
  /** Balancing begins when a lease is further from the mean than this share of it. */
  readonly unevenAbove: number;
  /** Once begun it goes on until all are within this share, so that small changes start nothing. */
  readonly evenWithin: number;
}

export interface PlanState {
  readonly fleet: Pick<Fleet, "pool" | "slotsLog2" | "desired" | "nextLease">;
  /** A snapshot that tiles. */
  readonly leases: readonly Lease[];
  readonly now: EpochMs;
  readonly limits: PlanLimits;
}

interface Transfer {
  readonly from: LeaseId;
  readonly fromVersion: number;
  readonly to: LeaseId;
  readonly toVersion: number;
  readonly ranges: RangeSet;
  /** One sentence for a person. */
  readonly why: string;
}

/** To be applied in order; versions are those after the moves before have been applied. */
export type Move =
  /** From a lease that nobody holds, in one write. */
  | ({ readonly kind: "move" } & Transfer)
  /** Asks the owner of `from` to give, or whoever is about to own it. */
  | ({ readonly kind: "promise" } & Transfer)
  | {
      readonly kind: "cancel";
      readonly lease: LeaseId;
      readonly version: number;
      readonly ranges: RangeSet;
      readonly why: string;
    }
  | { readonly kind: "add-lease"; readonly lease: LeaseId; readonly why: string }
  | {
      readonly kind: "remove-lease";
      readonly lease: LeaseId;
      readonly version: number;
      readonly why: string;
    };

export interface Plan {
  readonly moves: readonly Move[];
  /** Why each move is made, and what stays uneven for a reason. */
  readonly explanations: readonly string[];
  /** Why nothing at all is planned; of interest beyond this plan. */
  readonly heldBack?: string;
}
