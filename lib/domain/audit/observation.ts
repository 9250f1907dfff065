/** What an audit looks at, and what it finds. */
import type { FleetSnapshot } from "../fleet.ts";
import type { ChunkRecord } from "../sample.ts";
import type { Schedule } from "../schedule.ts";
import type { Slot } from "../slot.ts";
import type { Target } from "../target.ts";
import type { EpochMs } from "../units.ts";

export interface SlotLook {
  readonly slot: Slot;
  readonly schedules: readonly Schedule[];
}

/** One look at a pool. Schedules are read first, then the fleet: epochs of leases only grow. */
export interface Look {
  readonly at: EpochMs;
  readonly fleet: FleetSnapshot;
  /** Some slots, or all. */
  readonly slots: readonly SlotLook[];
}

/** What has been captured, for the audit of samples. */
export interface Captured {
  /** Everything due in here and committed by the last look must be accounted for. */
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** Registered before `from` and not changed since. */
  readonly targets: readonly Target[];
  /** As a reader sees them: one record for each key. */
  readonly records: readonly ChunkRecord[];
}

export interface AuditLimits {
  readonly skewMaxMs: number;
  /** How long a lease may lie expired: a start, and what may come between. */
  readonly expiredMaxMs: number;
  readonly rebalanceMaxMs: number;
}

export interface Observation {
  /** In order of time; two or more for what must be monotone. */
  readonly looks: readonly Look[];
  readonly captured?: Captured;
  readonly limits: AuditLimits;
}

/** Named after DESIGN, section 4, "What must hold in every reachable state". */
export type Invariant =
  | "tiling"
  | "fencing"
  | "monotone-watermark"
  | "monotone-epoch"
  | "nothing-lost"
  | "nothing-extra"
  | "one-sample"
  | "rebalancer-alive"
  | "leases-taken-up";

export interface Violation {
  readonly invariant: Invariant;
  /** What was found and what was expected, with its place. */
  readonly what: string;
}
