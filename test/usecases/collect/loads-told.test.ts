/** Which loads a collector takes for written: those that the store's answer shows written. */
import { expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { leaseId } from "#domain/lease.ts";
import { after } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { collectorWorld, noopTarget, POOL } from "#test/support/collector-world.ts";

it("tells its loads again after a heartbeat that the store didn't take", async () => {
  const world = await collectorWorld({ slotsLog2: 1 });
  await world.register([noopTarget("t-1", every(60_000))]);
  const told: boolean[] = [];
  const leases: LeaseStore = {
    ...world.leases,
    async renew(request) {
      told.push(request.loads !== undefined);
      const lease = await world.leases.findLease(POOL, leaseId(1));
      if (told.length > 1 || lease?.holder === undefined) return world.leases.renew(request);
      // As by a clock that was set back: the lease already reaches further.
      const expiresAt = after(lease.holder.expiresAt, 60_000);
      return { kind: "renewed", lease: { ...lease, holder: { ...lease.holder, expiresAt } } };
    },
  };
  const stop = new AbortController();
  const { done } = world.start(1, { deps: { leases }, stop: stop.signal });
  await world.clock.advance(7_000);
  expect(told.slice(0, 2)).toEqual([true, true]);
  expect((await world.leases.findLease(POOL, leaseId(1)))?.loads).toBeDefined();
  stop.abort();
  await world.clock.advance(120_000);
  await done;
});
