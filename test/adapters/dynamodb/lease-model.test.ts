/**
 * Any sequence of requests, sensible and not, comes out the same on the engine as in memory.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { memoryLeaseStore } from "#adapters/memory/lease-store.ts";
import { leaseId, type Lease, type LeaseId } from "#domain/lease.ts";
import { loadPiece } from "#domain/load.ts";
import { covers, HASH_SPACE, normalise, tiling, type RangeSet } from "#domain/range.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { openEntry, owner, requestsIn, SKEW_MS, T0, twoLeases } from "#test/support/leases.ts";
import { describeOnEngine } from "#test/support/on-engine.ts";

const EIGHTH = HASH_SPACE / 8;

const steps = [
  "acquire",
  "renew",
  "release",
  "promise",
  "cancel",
  "give",
  "move",
  "ward",
  "quarantine",
  "lift",
  "add",
  "remove",
  "fleet",
] as const;

interface Step {
  readonly kind: (typeof steps)[number];
  readonly from: LeaseId;
  readonly to: LeaseId;
  readonly by: string;
  readonly laterMs: number;
  /** How far the versions named are from those stored: mostly not at all. */
  readonly stale: number;
  readonly eighths: readonly number[];
  /** Sends the step before it once more, as after a lost answer. */
  readonly again: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...steps, "acquire", "promise", "promise", "give", "give"),
  from: fc.integer({ min: 1, max: 3 }).map(leaseId),
  to: fc.integer({ min: 1, max: 3 }).map(leaseId),
  by: fc.constantFrom("ann", "bob", "cid"),
  laterMs: fc.constantFrom(0, 0, 500, 500, 3_000, 10_099, 10_100),
  stale: fc.constantFrom(0, 0, 0, 0, 0, 0, -1, 1),
  eighths: fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 5 }),
  again: fc.constantFrom(false, false, true),
});

type Send = (store: LeaseStore) => Promise<unknown>;

/** Mostly an eighth that the lease has, at times just any. */
function rangesOf({ eighths, by }: Step, lease: Lease | undefined): RangeSet {
  const all = eighths.map((eighth) => ({ from: eighth * EIGHTH, to: (eighth + 1) * EIGHTH }));
  const mine = all.filter((range) => covers(lease?.ranges ?? [], [range]));
  return normalise(by === "cid" || mine.length === 0 ? all : mine);
}

/** The request of a step, as somebody would make it who knows what is stored. */
async function requestOf(one: Step, model: LeaseStore, pool: string, now: EpochMs): Promise<Send> {
  const { kind, from, to, by, stale } = one;
  const ask = requestsIn(pool);
  const lease = await model.findLease(pool, from);
  const fromVersion = (lease?.version ?? 1) + stale;
  const toVersion = (await model.findLease(pool, to))?.version ?? 1;
  const pair = { pool, from, fromVersion, to, toVersion };
  const ranges = rangesOf(one, lease);
  const holder = (by === "cid" ? undefined : lease?.holder?.owner) ?? by;
  const fleet = (await model.readFleet(pool))?.fleet ?? twoLeases(pool).fleet;
  switch (kind) {
    case "acquire": {
      const readAs = lease && { ...lease, version: fromVersion };
      const noting = { deathsWithinMs: 30_000, ...(stale !== 1 && readAs && { readAs }) };
      const request = { ...ask.acquire(from, by, now), ...(by !== "ann" && noting) };
      return (store) => store.acquire(request);
    }
    case "renew": {
      const loads = ranges.map((range) => loadPiece(range, [1, 5]));
      return (store) =>
        store.renew({ ...ask.renew(from, holder, now), ...(stale === 1 && { loads }) });
    }
    case "release": {
      const leases = (await model.readFleet(pool))?.leases ?? [];
      const held = leases.find((other) => other.holder !== undefined) ?? lease;
      const open = (held?.ranges ?? []).map((range) => openEntry(range, now));
      const who = (by === "cid" ? undefined : held?.holder?.owner) ?? by;
      const version = (held?.version ?? 1) + stale;
      return (store) =>
        store.release({ ...ask.release(held?.id ?? from, who, version, now), open });
    }
    case "promise":
      return (store) => store.promise({ ...pair, ranges });
    case "cancel":
      return (store) => store.cancel({ pool, id: from, version: fromVersion, ranges });
    case "give":
      return await giveOf(one, model, pool, now);
    case "move":
      return (store) => store.move({ ...pair, ranges, now, skewMaxMs: 100 });
    case "ward": {
      // The only one that may be without ranges.
      const third = await model.findLease(pool, leaseId(3));
      const to = { to: leaseId(3), toVersion: third?.version ?? 1 };
      const ward = { of: from, until: epochMs(now + 20_000), deaths: 2 };
      const leases = (await model.readFleet(pool))?.leases ?? [];
      const free = leases.find(({ holder, ranges }) => holder === undefined && ranges.length > 0);
      const giver = free ?? lease;
      const rest = { ranges: rangesOf(one, giver), now, skewMaxMs: 100, deathsWithinMs: 30_000 };
      const whose = { from: giver?.id ?? from, fromVersion: (giver?.version ?? 1) + stale };
      return (store) => store.move({ ...pair, ...whose, ...to, ...rest, ward });
    }
    case "quarantine": {
      const until = epochMs(now + 1_000);
      const shut = { pool, id: from, version: fromVersion, now, until, skewMaxMs: 100 };
      return (store) => store.quarantine({ ...shut, deathsWithinMs: 30_000 });
    }
    case "lift":
      return (store) => store.lift({ pool, id: from, version: fromVersion });
    case "add":
      return (store) => store.addLease({ ...fleet, version: fleet.version + stale });
    case "remove":
      return (store) =>
        lease === undefined
          ? Promise.resolve("none")
          : store.removeLease({ ...lease, version: fromVersion });
    case "fleet": {
      const lastRebalance = { at: now, by };
      return (store) =>
        store.writeFleet({ ...fleet, version: fleet.version + stale, desired: 3, lastRebalance });
    }
  }
}

/** Of what somebody has promised, mostly by whom it was promised. */
async function giveOf(one: Step, model: LeaseStore, pool: string, now: EpochMs): Promise<Send> {
  const leases = (await model.readFleet(pool))?.leases ?? [];
  const giver = leases.find(({ giving, holder }) => giving.length > 0 && holder !== undefined);
  const promised = giver?.giving[0];
  const to = promised?.to ?? one.to;
  const ranges = [promised?.range ?? { from: 0, to: EIGHTH }];
  const request = {
    pool,
    from: giver?.id ?? one.from,
    fromVersion: (giver?.version ?? 1) + one.stale,
    to,
    toVersion: leases.find((lease) => lease.id === to)?.version ?? 1,
    owner: (one.by === "cid" ? undefined : giver?.holder?.owner) ?? owner(one.by),
    ranges,
    open: ranges.map((range) => openEntry(range, now)),
    now,
    skewMaxMs: SKEW_MS,
  };
  return (store) => store.give(request);
}

const SEQUENCES = 100;
const STEPS_MAX = 30;
/** Each kind must have changed something, else the test says little. */
const LANDED_MIN = 1;

describeOnEngine("any sequence of requests", (stores) => {
  test("comes out the same on the engine as in memory, and the pool stays tiled", async () => {
    const landed = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: STEPS_MAX }),
        async (sequence) => {
          const { leases: real, pool } = stores();
          const model = memoryLeaseStore();
          for (const store of [model, real]) await store.found(twoLeases(pool));
          let now = T0;
          for (const one of sequence) {
            now = epochMs(now + one.laterMs);
            const send = await requestOf(one, model, pool, now);
            for (let sent = 0; sent < (one.again ? 2 : 1); sent += 1) {
              const expected = await send(model);
              expect(await send(real)).toEqual(expected);
              const outcome = JSON.stringify(expected).includes("refused") ? "refused" : one.kind;
              landed.set(outcome, (landed.get(outcome) ?? 0) + 1);
            }
          }
          const after = await model.readFleet(pool);
          expect(await real.readFleet(pool)).toEqual(after);
          expect(tiling(after?.leases.map((lease) => lease.ranges) ?? [])).toEqual({
            kind: "tiles",
          });
        },
      ),
      { numRuns: SEQUENCES },
    );
    const rare = steps.filter((kind) => (landed.get(kind) ?? 0) < LANDED_MIN);
    expect(rare, "kinds of steps that never landed").toEqual([]);
  }, 120_000);
});
