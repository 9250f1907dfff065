import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leaseId, move, newLease, type Lease, type LeaseId, type Owner } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { plan, PLAN_LIMITS } from "#domain/plan.ts";
import { isolate, type IsolatingMove } from "#domain/plan/isolate.ts";
import { quarantine } from "#domain/quarantine.ts";
import { cover, slotRange, slotsIn, tiling, type RangeSet } from "#domain/range.ts";
import { slotCount, type Slot } from "#domain/slot.ts";
import { after, epochMs, type EpochMs } from "#domain/units.ts";

const NOW = epochMs(Date.parse("2026-11-21T13:00:00Z"));
const SLOTS_LOG2 = 6;
const TTL_MS = 10_000;
const SKEW_MS = PLAN_LIMITS.skewMaxMs;

const ago = (ms: number): EpochMs => after(NOW, -ms);

/** Heard so many milliseconds ago. */
function heard(lease: Lease, msAgo: number): Lease {
  const expiresAt = after(NOW, TTL_MS - msAgo);
  const owner = `owner-of-${lease.id}` as Owner;
  return { ...lease, holder: { owner, expiresAt, deadlineAt: after(NOW, 600_000) } };
}

const DEAD_MS = TTL_MS + SKEW_MS;
/** The last word of one that died when this one did, and had just been heard. */
const DIED_TOO_MS = DEAD_MS - limits.heartbeatEveryMs;

function pool(count: number): Lease[] {
  return cover(count, SLOTS_LOG2).map((ranges, index) =>
    heard(newLease("p", leaseId(index + 1), ranges, NOW), 1_000),
  );
}

/** The first lease as given, the others well. */
function first(change: (lease: Lease) => Lease, count = 4): Lease[] {
  return pool(count).map((lease, index) => (index === 0 ? change(lease) : lease));
}

const killedTwice = (lease: Lease): Lease => ({ ...heard(lease, DEAD_MS), deaths: [ago(25_000)] });

const asWard = (lease: Lease, of: LeaseId): Lease => ({
  ...lease,
  ward: { of, until: after(NOW, 600_000), deaths: 2 },
});

function isolateIn(leases: readonly Lease[], leasesMax = PLAN_LIMITS.leasesMax) {
  const fleet = { pool: "p", slotsLog2: SLOTS_LOG2, desired: 4, nextLease: leases.length + 1 };
  const limits = { ...PLAN_LIMITS, leasesMax };
  return isolate({ fleet, leases, now: NOW, ttlMs: TTL_MS, limits });
}

function planOf(leases: readonly Lease[], desired: number): ReturnType<typeof plan> {
  const fleet = { pool: "p", slotsLog2: SLOTS_LOG2, desired, nextLease: 100 };
  return plan({ fleet, leases, now: NOW, limits: PLAN_LIMITS });
}

/** What the store does with it; a refusal is a bug of the plan here. */
function applied(leases: readonly Lease[], moves: readonly IsolatingMove[]): Lease[] {
  const byId = new Map(leases.map((lease) => [lease.id, lease]));
  const deathsWithinMs = limits.deathsWithinMs;
  for (const one of moves) {
    switch (one.kind) {
      case "add-lease":
        byId.set(one.lease, newLease("p", one.lease, [], NOW));
        break;
      case "move": {
        const request = { pool: "p", ...one, now: NOW, skewMaxMs: SKEW_MS, deathsWithinMs };
        const done = move(byId.get(one.from), byId.get(one.to), request);
        if (done.kind === "refused") throw new Error(`move refused: ${done.why}`);
        byId.set(done.from.id, done.from).set(done.to.id, done.to);
        break;
      }
      case "quarantine": {
        const { lease: id, version, until } = one;
        const request = { pool: "p", id, version, until, now: NOW, skewMaxMs: SKEW_MS, deathsWithinMs }; // prettier-ignore
        const done = quarantine(byId.get(id), request);
        if (done.kind === "refused") throw new Error(`quarantine refused: ${done.why}`);
        byId.set(id, done.lease);
      }
    }
  }
  return [...byId.values()];
}

const kinds = (moves: readonly IsolatingMove[]): string[] => [...new Set(moves.map((m) => m.kind))];

describe("a lease whose owners die", () => {
  it("is left alone with the first death, and as long as somebody holds it", () => {
    expect(isolateIn(first((lease) => heard(lease, DEAD_MS)))).toEqual([]);
    const alive = first((lease) => ({ ...lease, deaths: [ago(25_000), ago(12_000)] }));
    expect(isolateIn(alive)).toEqual([]);
  });

  it("is divided with the second into wards of a slot each, which are told of both deaths", () => {
    const leases = first(killedTwice);
    const moves = isolateIn(leases);
    expect(kinds(moves)).toEqual(["add-lease", "move"]);
    expect(moves[0]?.why).toBe(
      "2 collectors died of 0001: it is divided among 16, so that only one of them kills",
    );
    const after = applied(leases, moves);
    const wards = after.filter(({ ward }) => ward !== undefined);
    expect(wards).toHaveLength(16);
    for (const { id, ranges, ward, nextDueAt, holder } of wards) {
      expect(slotsIn(ranges, SLOTS_LOG2)).toHaveLength(1);
      expect(ward).toEqual({ of: "0001", until: NOW + limits.deathsWithinMs, deaths: 2 });
      expect([Number(id) > 4, nextDueAt, holder]).toEqual([true, NOW, undefined]);
    }
    expect(tiling(after.map(({ ranges }) => ranges)).kind).toBe("tiles");
    expect(after[0]).toMatchObject({ ranges: [], version: (leases[0]?.version ?? 0) + 16 });
  });

  it("of all slots is divided among sixteen: the lone lease of a pool has company then", () => {
    const leases = first(killedTwice, 1);
    const after = applied(leases, isolateIn(leases));
    const sizes = after.map(({ ranges }) => slotsIn(ranges, SLOTS_LOG2).length);
    expect(sizes).toEqual([0, ...Array.from({ length: 16 }, () => 4)]);
  });

  it("goes on being divided where that was interrupted", () => {
    const leases = first(killedTwice);
    const some = applied(leases, isolateIn(leases).slice(0, 10));
    const rest = isolateIn(some);
    const after = applied(some, rest);
    expect(slotsIn(after[0]?.ranges ?? [], SLOTS_LOG2)).toEqual([]);
    expect(tiling(after.map(({ ranges }) => ranges)).kind).toBe("tiles");
  });

  it("is not divided where there can't be more leases", () => {
    expect(isolateIn(first(killedTwice), 19)).toEqual([]);
    expect(isolateIn(first(killedTwice), 20)).toHaveLength(32);
  });

  it("of one slot is quarantined with the third", () => {
    const last = slotCount(SLOTS_LOG2) - 1;
    const parts: RangeSet[] = [[slotRange(0 as Slot, SLOTS_LOG2)], [{ from: slotRange(0 as Slot, SLOTS_LOG2).to, to: slotRange(last as Slot, SLOTS_LOG2).to }]]; // prettier-ignore
    const leases = parts.map((ranges, index) =>
      heard(newLease("p", leaseId(index + 1), ranges, NOW), 1_000),
    );
    const killed = (deaths: EpochMs[]): Lease[] =>
      leases.map((lease, index) => (index === 0 ? { ...heard(lease, DEAD_MS), deaths } : lease));
    expect(isolateIn(killed([ago(25_000)]))).toEqual([]);
    const [shut] = isolateIn(killed([ago(40_000), ago(25_000)]));
    expect(shut).toMatchObject({
      kind: "quarantine",
      lease: "0001",
      deaths: 3,
      until: NOW + limits.quarantineMs,
      why: "3 collectors died of 0001: no collector is started for it until 2026-11-21T13:15:00.000Z",
    });
  });
});

describe("a ward whose owner dies", () => {
  /** Sixteen wards and three others; the first ward is as given, the others well. */
  function wards(change: (lease: Lease) => Lease): Lease[] {
    const leases = first(killedTwice);
    return applied(leases, isolateIn(leases)).map((lease) => {
      if (lease.ward === undefined) return lease;
      return lease.id === leaseId(5) ? change(lease) : heard(lease, 1_000);
    });
  }

  it("is quarantined, and nothing else is touched", () => {
    const moves = isolateIn(wards((lease) => heard(lease, DEAD_MS)));
    expect(moves).toMatchObject([{ kind: "quarantine", lease: "0005", deaths: 3 }]);
    expect(moves[0]?.why).toContain("3 collectors died of 0005, divided off 0001:");
  });

  it("is not while its owner lives, nor before it has one", () => {
    expect(isolateIn(wards((lease) => heard(lease, 1_000)))).toEqual([]);
    expect(isolateIn(wards((lease) => lease))).toEqual([]);
  });

  it("lets the others go: ordinary planning takes them back into a few leases", () => {
    const before = wards((lease) => heard(lease, DEAD_MS));
    expect(planOf(before, 4).moves).toMatchObject([{ kind: "remove-lease", lease: "0001" }]);
    const after = applied(before, isolateIn(before));
    const { moves } = planOf(after, 4);
    const names = moves.flatMap((each) => ("from" in each ? [each.from, each.to] : [each.lease]));
    expect(moves.length).toBeGreaterThanOrEqual(14);
    expect(names).not.toContain("0005");
  });

  it("is divided again when its time is over, however the others are", () => {
    const shut = (lease: Lease): Lease => ({
      ...asWard(lease, leaseId(9)),
      quarantine: { since: ago(limits.quarantineMs + SKEW_MS), until: ago(SKEW_MS) },
    });
    const leases = first((lease) => shut({ ...newLease("p", lease.id, lease.ranges, NOW) }));
    const moves = isolateIn(leases);
    expect(kinds(moves)).toEqual(["add-lease", "move"]);
    const early = first((lease) => ({
      ...shut(newLease("p", lease.id, lease.ranges, NOW)),
      quarantine: { since: NOW, until: ago(SKEW_MS - 1) },
    }));
    expect(isolateIn(early)).toEqual([]);
  });
});

describe("deaths that befell others as well are the fleet's", () => {
  const twoOf = (count: number, other: (lease: Lease) => Lease): Lease[] =>
    pool(count).map((lease, index) =>
      index === 0 ? killedTwice(lease) : index === 1 ? other(lease) : lease,
    );

  it("those of one that died at the same time, though its time isn't over yet", () => {
    for (const count of [2, 4, 8]) {
      expect(isolateIn(twoOf(count, (lease) => heard(lease, DIED_TOO_MS)))).toEqual([]);
    }
  });

  it("those of one that died while these did, and has an owner again", () => {
    const bereaved = (lease: Lease): Lease => ({ ...lease, deaths: [ago(24_000)] });
    expect(isolateIn(twoOf(4, bereaved))).toEqual([]);
    // One that died long before has nothing to do with it.
    const before = (lease: Lease): Lease => ({ ...lease, deaths: [ago(300_000)] });
    expect(isolateIn(twoOf(4, before))).not.toEqual([]);
  });

  it("nor is anything done while others are due and have nobody", () => {
    const abandoned = ({ holder: _none, ...lease }: Lease): Lease => ({
      ...lease,
      nextDueAt: ago(6_000),
    });
    expect(isolateIn(twoOf(4, abandoned))).toEqual([]);
    const idle = ({ holder: _none, ...lease }: Lease): Lease => ({
      ...lease,
      nextDueAt: after(NOW, 60_000),
    });
    expect(isolateIn(twoOf(4, idle))).not.toEqual([]);
  });

  it("but in a large fleet one in eight may have trouble of its own", () => {
    expect(isolateIn(twoOf(9, (lease) => heard(lease, DEAD_MS)))).not.toEqual([]);
  });

  it("nothing is quarantined where there is no other lease to say that it could live", () => {
    const alone = first((lease) => asWard(heard(lease, DEAD_MS), leaseId(9)), 1);
    expect(isolateIn(alone)).toEqual([]);
  });

  it("whatever part of a fleet dies at once, again and again, in pools of four and more, nothing is shut", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 40 }),
        fc.integer({ min: 0, max: limits.heartbeatEveryMs }),
        fc.integer({ min: 1, max: 3 }),
        (count, spreadMs, times) => {
          const dying = Math.ceil(count / 2);
          const leases = pool(count).map((lease, index) => {
            if (index >= dying) return lease;
            // Seen when the first of them is free: the others were heard a little later.
            const later = index === 0 ? 0 : (spreadMs * index) / dying;
            const deaths = Array.from({ length: times - 1 }, (_, nth) => ago((nth + 2) * 200_000));
            return { ...heard(lease, DEAD_MS - later), ...(deaths.length > 0 && { deaths }) };
          });
          expect(isolateIn(leases)).toEqual([]);
        },
      ),
    );
  });
});

describe("ordinary planning, around leases whose owners died", () => {
  it("neither gives to them nor takes from them, and cancels what was promised", () => {
    const leases = first((lease) => ({ ...lease, deaths: [ago(40_000), ago(25_000)] }));
    const [one, two] = leases;
    if (one === undefined || two === undefined) throw new Error("no leases");
    const mine = one.ranges.slice(0, 1).map((range) => ({ range, to: two.id }));
    const theirs = two.ranges.slice(0, 1).map((range) => ({ range, to: one.id }));
    const standing = [{ ...one, giving: mine }, { ...two, giving: theirs }, ...leases.slice(2)];
    const { moves } = planOf(standing, 4);
    expect(moves).toMatchObject([
      { kind: "cancel", lease: one.id, why: "owners of 0001 died: what it promised stays there" },
      {
        kind: "cancel",
        lease: two.id,
        why: "0002 promised to 0001, whose owners died: it keeps them",
      },
    ]);
    const fewer = planOf(leases, 2).moves;
    expect(fewer.length).toBeGreaterThan(0);
    expect(JSON.stringify(fewer)).not.toContain(`"${one.id}"`);
  });

  it("counts one that is to be divided, or was, as one of the collectors, and nothing that is or was quarantined", () => {
    const added = (leases: readonly Lease[]): number =>
      planOf(leases, 4).moves.filter(({ kind }) => kind === "add-lease").length;
    expect(added(first((lease) => ({ ...lease, deaths: [ago(40_000), ago(25_000)] })))).toBe(0);
    expect(added(first((lease) => asWard(lease, leaseId(9))))).toBe(0);
    const again = (lease: Lease): Lease => ({
      ...lease,
      ward: { of: leaseId(9), until: after(NOW, 600_000), deaths: 3 },
    });
    expect(added(first(again))).toBe(1);
    const until = after(NOW, 60_000);
    const shut = ({ holder: _none, ...lease }: Lease): Lease => ({
      ...asWard(lease, leaseId(9)),
      quarantine: { since: NOW, until },
    });
    expect(added(first(shut))).toBe(1);
  });

  it("leaves one alone for a minute whose owner died: so long it takes to die again", () => {
    const touched = (deaths: EpochMs[]): boolean =>
      planOf(first((lease) => ({ ...lease, deaths })), 1).moves.some(
        (each) => "from" in each && each.from === leaseId(1) && each.kind === "promise",
      ) || planOf(first((lease) => ({ ...lease, deaths })), 1).moves.some((each) => "to" in each && each.to === leaseId(1)); // prettier-ignore
    expect(touched([ago(59_000)])).toBe(false);
    expect(touched([ago(60_000)])).toBe(true);
  });

  it("plans nothing else in a pool whose only lease is suspect", () => {
    const alone = first((lease) => ({ ...lease, deaths: [ago(40_000), ago(25_000)] }), 1);
    expect(planOf(alone, 1).moves).toEqual([]);
  });
});
