/**
 * Where leases and the fleet record are kept. Every change is one conditional write or one
 * transaction; what each allows is `#domain/lease.ts`, which all implementations must agree with.
 *
 * Holds: results are those of the pure transitions, own retried writes recognised.
 * Fails: DependencyError when the store can't be reached, throttles past the attempts, or a
 *        transaction conflicts past its limit; InvariantError for a record that can't be read.
 * Contract: test/contracts/lease-store.contract.ts
 */
import type { Fleet, FleetSnapshot } from "#domain/fleet.ts";
import type {
  LiftRequest,
  LiftResult,
  QuarantineRequest,
  QuarantineResult,
} from "#domain/quarantine.ts";
import type {
  AcquireRequest,
  AcquireResult,
  CancelRequest,
  CancelResult,
  GiveRequest,
  GiveResult,
  Lease,
  LeaseId,
  MoveRequest,
  MoveResult,
  PromiseRequest,
  PromiseResult,
  ReleaseRequest,
  ReleaseResult,
  RenewRequest,
  RenewResult,
} from "#domain/lease.ts";

export interface FoundPool {
  readonly fleet: Fleet;
  /** Leases that tile the space, all unowned; written before the fleet record. */
  readonly leases: readonly Lease[];
}

export type FleetWrite =
  | { readonly kind: "written"; readonly fleet: Fleet }
  | { readonly kind: "refused"; readonly fleet?: Fleet };

export interface LeaseStore {
  /** Makes the pool unless it exists; the fleet record is written last, so a pool is whole or not there. */
  found(pool: FoundPool): Promise<"founded" | "exists">;
  /** Strongly consistent, one Query (paged); undefined when the pool doesn't exist. */
  readFleet(pool: string): Promise<FleetSnapshot | undefined>;
  /** Strongly consistent, one record: a collector needs no more, and 200 at once may read it. */
  findFleet(pool: string): Promise<Fleet | undefined>;
  /** Strongly consistent. */
  findLease(pool: string, id: LeaseId): Promise<Lease | undefined>;

  acquire(request: AcquireRequest): Promise<AcquireResult>;
  renew(request: RenewRequest): Promise<RenewResult>;
  release(request: ReleaseRequest): Promise<ReleaseResult>;
  promise(request: PromiseRequest): Promise<PromiseResult>;
  cancel(request: CancelRequest): Promise<CancelResult>;
  give(request: GiveRequest): Promise<GiveResult>;
  move(request: MoveRequest): Promise<MoveResult>;
  quarantine(request: QuarantineRequest): Promise<QuarantineResult>;
  lift(request: LiftRequest): Promise<LiftResult>;

  /** Takes `fleet.nextLease` and makes that lease without ranges, in one transaction on the fleet's version. */
  addLease(
    fleet: Fleet,
  ): Promise<
    | { readonly kind: "added"; readonly fleet: Fleet; readonly lease: Lease }
    | { readonly kind: "refused" }
  >;
  /** Deletes a lease that has no ranges and no owner, if its version is as given. */
  removeLease(lease: Lease): Promise<"removed" | "refused">;
  /** Writes `fleet` with version + 1 where the stored version is `fleet.version`. */
  writeFleet(fleet: Fleet): Promise<FleetWrite>;
}
