/**
 * Leases and the fleet in memory: the pure transitions applied to a Map, for tests and simulation.
 *
 * Holds: each call takes effect at once and whole, at the moment it is made. Capacity is not metered.
 * Fails: never.
 */
import { addLease, mayRemove, sameFleet, type Fleet } from "#domain/fleet.ts";
import {
  acquire,
  cancel,
  give,
  leaseId,
  move,
  promise,
  release,
  renew,
  type Lease,
  type LeaseId,
} from "#domain/lease.ts";
import { lift, quarantine } from "#domain/quarantine.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { frozen } from "./frozen.ts";

interface Pool {
  fleet: Fleet;
  readonly leases: Map<LeaseId, Lease>;
}

export function memoryLeaseStore(): LeaseStore {
  const pools = new Map<string, Pool>();

  const find = (pool: string, id: LeaseId): Lease | undefined => pools.get(pool)?.leases.get(id);

  function keep(...leases: readonly Lease[]): void {
    for (const lease of leases) pools.get(lease.pool)?.leases.set(lease.id, frozen(lease));
  }

  return {
    ...fleetSteps(pools),
    findLease: (pool, id) => Promise.resolve(find(pool, id)),

    acquire(request) {
      const result = acquire(find(request.pool, request.id), request);
      if (result.kind === "acquired") keep(result.lease);
      return Promise.resolve(result);
    },
    renew(request) {
      const result = renew(find(request.pool, request.id), request);
      if (result.kind === "renewed") keep(result.lease);
      return Promise.resolve(result);
    },
    release(request) {
      const result = release(find(request.pool, request.id), request);
      if (result.kind === "released") keep(result.lease);
      return Promise.resolve(result);
    },
    promise(request) {
      const result = promise(
        find(request.pool, request.from),
        find(request.pool, request.to),
        request,
      );
      if (result.kind === "promised") keep(result.from);
      return Promise.resolve(result);
    },
    cancel(request) {
      const result = cancel(find(request.pool, request.id), request);
      if (result.kind === "cancelled") keep(result.lease);
      return Promise.resolve(result);
    },
    give(request) {
      const result = give(
        find(request.pool, request.from),
        find(request.pool, request.to),
        request,
      );
      if (result.kind === "given") keep(result.from, result.to);
      return Promise.resolve(result);
    },
    move(request) {
      const result = move(
        find(request.pool, request.from),
        find(request.pool, request.to),
        request,
      );
      if (result.kind === "moved") keep(result.from, result.to);
      return Promise.resolve(result);
    },
    quarantine(request) {
      const result = quarantine(find(request.pool, request.id), request);
      if (result.kind === "quarantined") keep(result.lease);
      return Promise.resolve(result);
    },
    lift(request) {
      const result = lift(find(request.pool, request.id), request);
      if (result.kind === "lifted") keep(result.lease);
      return Promise.resolve(result);
    },
  };
}

type FleetSteps = Pick<
  LeaseStore,
  "found" | "readFleet" | "findFleet" | "addLease" | "removeLease" | "writeFleet"
>;

function fleetSteps(pools: Map<string, Pool>): FleetSteps {
  return {
    found({ fleet, leases }) {
      if (pools.has(fleet.pool)) return Promise.resolve("exists");
      const entries = leases.map((lease) => [lease.id, frozen(lease)] as const);
      pools.set(fleet.pool, { fleet: frozen(fleet), leases: new Map(entries) });
      return Promise.resolve("founded");
    },

    readFleet(name) {
      const pool = pools.get(name);
      if (pool === undefined) return Promise.resolve(undefined);
      const leases = [...pool.leases.values()].sort((a, b) => Number(a.id) - Number(b.id));
      return Promise.resolve({ fleet: pool.fleet, leases });
    },

    findFleet: (name) => Promise.resolve(pools.get(name)?.fleet),

    addLease(fleet) {
      const pool = pools.get(fleet.pool);
      if (pool === undefined) return Promise.resolve({ kind: "refused" });
      const lease = pool.leases.get(leaseId(fleet.nextLease));
      const result = addLease({ fleet: pool.fleet, lease }, fleet);
      if (result.kind === "added") {
        pool.fleet = frozen(result.fleet);
        pool.leases.set(result.lease.id, frozen(result.lease));
      }
      return Promise.resolve(result);
    },

    removeLease({ pool: name, id, version }) {
      const leases = pools.get(name)?.leases;
      const stored = leases?.get(id);
      if (stored === undefined) return Promise.resolve("removed");
      if (!mayRemove(stored, version)) return Promise.resolve("refused");
      leases?.delete(id);
      return Promise.resolve("removed");
    },

    writeFleet(fleet) {
      const pool = pools.get(fleet.pool);
      if (pool === undefined) return Promise.resolve({ kind: "refused" });
      const after: Fleet = { ...fleet, version: fleet.version + 1 };
      if (sameFleet(pool.fleet, after)) return Promise.resolve({ kind: "written", fleet: after });
      if (pool.fleet.version !== fleet.version) {
        return Promise.resolve({ kind: "refused", fleet: pool.fleet });
      }
      pool.fleet = frozen(after);
      return Promise.resolve({ kind: "written", fleet: after });
    },
  };
}
