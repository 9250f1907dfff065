/** What calls consume, as the engine says: the numbers that the cost of a capture is made of. */
import { expect, test } from "vitest";
import { cadenceKey } from "#domain/cadence.ts";
import type { Lease } from "#domain/lease.ts";
import { loadPiece } from "#domain/load.ts";
import { emptyProgress, LATENESS_BOUNDS_MS } from "#domain/progress.ts";
import { HASH_SPACE, wholeSpace } from "#domain/range.ts";
import type { Slot } from "#domain/slot.ts";
import { durationMs } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import { at, ONE, owner, Q, requestsIn, T0, twoLeases } from "#test/support/leases.ts";
import { describeOnEngine } from "#test/support/on-engine.ts";
import { MINUTE } from "#test/support/targets.ts";

const SLOT = 5 as Slot;
const OWNER = owner("Zm9vYmFyYmF6cXV4MTIzNA");
const NOBODY = { read: 0, write: 0, calls: 0 };

interface Units {
  readonly read: number;
  readonly write: number;
  readonly calls: number;
}

async function unitsOf(
  meter: CapacityMeter,
  operation: string,
  work: () => Promise<unknown>,
): Promise<Units> {
  const before = meter.totals().get(operation) ?? NOBODY;
  await work();
  const after = meter.totals().get(operation) ?? NOBODY;
  return {
    read: after.read - before.read,
    write: after.write - before.write,
    calls: after.calls - before.calls,
  };
}

/** A lease as a busy collector keeps it: 32 slots measured, every counter in use. */
async function busyLease(leases: LeaseStore, pool: string): Promise<Lease> {
  await leases.found(twoLeases(pool));
  await leases.acquire({ ...requestsIn(pool).acquire(ONE, "-", T0), owner: OWNER });
  const progress = emptyProgress(T0);
  const busy = {
    ...progress.current,
    ...{ captures: 123_456, failed: 1_234, missed: 12, redone: 3, late: 4_567 },
    ...{ readUnits: 1_234.5, writeUnits: 12_345, busyMs: 34_567.8 },
    lateness: [...LATENESS_BOUNDS_MS, 0].map(() => 12_345),
  };
  const renewed = await leases.renew({
    ...requestsIn(pool).renew(ONE, "-", at(3)),
    owner: OWNER,
    progress: { ...progress, current: busy, previous: { ...busy, minute: busy.minute - 1 } },
    loads: [
      loadPiece(
        { from: 0, to: HASH_SPACE / 2 },
        Array.from({ length: 64 }, (_, i) => i),
      ),
    ],
  });
  if (renewed.kind !== "renewed") throw new Error(renewed.kind);
  return renewed.lease;
}

describeOnEngine("what calls consume", (stores) => {
  test("a heartbeat of a busy lease with 64 measured slots is one write unit", async () => {
    const { leases, meter, pool } = stores();
    const lease = await busyLease(leases, pool);
    const beat = { ...requestsIn(pool).renew(ONE, "-", at(6)), owner: OWNER };
    const request = { ...beat, progress: lease.progress ?? emptyProgress(T0) };
    expect(await unitsOf(meter, "lease.renew", () => leases.renew(request))).toEqual({
      read: 0,
      write: 1,
      calls: 1,
    });
  });

  test("taking a lease is one write unit and one call, also from an owner that died and is noted", async () => {
    const { leases, meter, pool } = stores();
    const readAs = await busyLease(leases, pool);
    const one = { read: 0, write: 1, calls: 1 };
    const noting = { deathsWithinMs: 900_000, readAs };
    const request = { ...requestsIn(pool).acquire(ONE, "bob", at(60)), ...noting };
    expect(await unitsOf(meter, "lease.acquire", () => leases.acquire(request))).toEqual(one);
    const [, free] = (await leases.readFleet(pool))?.leases ?? [];
    if (free === undefined) throw new Error("lease 2 is gone");
    const other = { ...requestsIn(pool).acquire(free.id, "bob", at(60)), ...noting, readAs: free };
    expect(await unitsOf(meter, "lease.acquire", () => leases.acquire(other))).toEqual(one);
  });

  test("a commit of a schedule with 250 targets is three write units", async () => {
    const { schedules, meter, pool } = stores();
    const cadence = cadenceKey(MINUTE);
    await schedules.touchSchedule(pool, SLOT, { cadence, wasEmpty: true }, T0);
    const request = {
      ...{ pool, slot: SLOT, cadence, epoch: 123_456, by: OWNER, version: 1, revision: 1 },
      watermark: { at: at(60), offset: 67_108_863 },
      latest: new Uint8Array(2_500),
      serviceMs: durationMs(123.4),
    };
    const units = await unitsOf(meter, "schedule.commit", () => schedules.commit(request));
    expect(units).toEqual({ read: 0, write: 3, calls: 1 });
  });

  test("a give is four write units: two records of 1 KB, twice as a transaction", async () => {
    const { leases, meter, pool } = stores();
    const lease = await busyLease(leases, pool);
    await leases.promise(requestsIn(pool).promise([lease.version, 1], [Q[1]]));
    const request = requestsIn(pool).give("-", [lease.version + 1, 1], [Q[1]]);
    const units = await unitsOf(meter, "lease.give", () =>
      leases.give({ ...request, owner: OWNER }),
    );
    expect(units).toEqual({ read: 0, write: 4, calls: 1 });
  });

  test("looking for requests where there are none, and reading a small fleet, are one read unit", async () => {
    const { leases, requests, meter, pool } = stores();
    await leases.found(twoLeases(pool));
    const one = { read: 1, write: 0, calls: 1 };
    const looked = await unitsOf(meter, "request.list", () => requests.list(pool, wholeSpace(), 6));
    expect(looked.read).toBeLessThanOrEqual(1);
    expect(await unitsOf(meter, "fleet.read", () => leases.readFleet(pool))).toEqual(one);
  });

  test("a full request is one write unit", async () => {
    const { requests, meter, pool } = stores();
    const resultKeys = Array.from({ length: 100 }, (_, index) => 4_294_967_295 - index);
    const request = {
      ...{ pool, slot: SLOT, fresh: true, stamp: OWNER as string },
      keys: { kind: "keys", resultKeys },
    } as const;
    const units = await unitsOf(meter, "request.put", () => requests.put(request));
    expect(units).toEqual({ read: 0, write: 1, calls: 1 });
  });

  test("a refused write is counted as a call", async () => {
    const { leases, meter, pool } = stores();
    await leases.found(twoLeases(pool));
    await leases.acquire(requestsIn(pool).acquire(ONE, "ann", T0));
    const units = await unitsOf(meter, "lease.acquire", () =>
      leases.acquire(requestsIn(pool).acquire(ONE, "bob", T0)),
    );
    expect(units).toEqual({ read: 0, write: 0, calls: 1 });
  });
});
