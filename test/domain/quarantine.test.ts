import { describe, expect, it } from "vitest";
import { recentDeaths, withDeath } from "#domain/deaths.ts";
import {
  acquire,
  give,
  leaseId,
  move,
  newLease,
  release,
  renew,
  type Lease,
  type Ward,
} from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import {
  deathsInAll,
  deathsOf,
  lift,
  quarantine,
  verdictOf,
  type QuarantineRequest,
  type Verdict,
} from "#domain/quarantine.ts";
import { slotRange } from "#domain/range.ts";
import type { Slot } from "#domain/slot.ts";
import { succession } from "#domain/succession.ts";
import { after, epochMs, type EpochMs } from "#domain/units.ts";
import {
  at,
  ONE,
  Q,
  requestsIn,
  SKEW_MS,
  T0,
  TTL_MS,
  TWO,
  twoLeases,
} from "#test/support/leases.ts";

const POOL = "p";
const ask = requestsIn(POOL);
const WITHIN_MS = limits.deathsWithinMs;
const SLOTS_LOG2 = 6;

const lease = (): Lease => newLease(POOL, ONE, [Q[0], Q[1]], T0);

/** Takes the lease after whoever has it has died. */
function takenOver(before: Lease, by: string, now: EpochMs): Lease {
  const result = acquire(before, { ...ask.acquire(ONE, by, now), deathsWithinMs: WITHIN_MS });
  if (result.kind !== "acquired") throw new Error(result.kind);
  return result.lease;
}

/** Owners that each die at once; the last one's time runs out at the moment that is answered. */
function killedBy(owners: number, from = lease()): { lease: Lease; now: EpochMs } {
  let now = T0;
  let killed = from;
  for (let index = 0; index < owners; index += 1) {
    killed = takenOver(killed, `owner-${index}`, now);
    now = after(now, TTL_MS + SKEW_MS);
  }
  return { lease: killed, now };
}

function verdict(of: Lease, now: EpochMs): Verdict {
  return verdictOf(of, { now, skewMaxMs: SKEW_MS, slotsLog2: SLOTS_LOG2 });
}

function oneSlot(): Lease {
  return { ...lease(), ranges: [slotRange(3 as Slot, SLOTS_LOG2)] };
}

const ward = (until: EpochMs): Ward => ({ of: leaseId(9), until, deaths: 2 });

function shut(version: number, now: EpochMs): QuarantineRequest {
  const until = after(now, limits.quarantineMs);
  return {
    pool: POOL,
    id: ONE,
    version,
    now,
    until,
    skewMaxMs: SKEW_MS,
    deathsWithinMs: WITHIN_MS,
  };
}

function quarantined(): { lease: Lease; now: EpochMs } {
  const { lease: killed, now } = killedBy(1, { ...oneSlot(), ward: ward(at(900)) });
  const result = quarantine(killed, shut(killed.version, now));
  if (result.kind !== "quarantined") throw new Error(result.why);
  return { lease: result.lease, now };
}

describe("deaths", () => {
  it("are noted by whoever takes the lease from an owner whose time ran out, at that moment", () => {
    const { lease: killed } = killedBy(2);
    expect(killed.deaths).toEqual([at(10)]);
    expect(killed).toMatchObject({ epoch: 2, version: 3, holder: { owner: "owner-1" } });
  });

  it("are not noted of an owner that was silent, and renewed after all", () => {
    const first = takenOver(lease(), "ann", T0);
    const renewed = renew(first, ask.renew(ONE, "ann", at(600)));
    expect(renewed.kind === "renewed" && renewed.lease.deaths).toBeUndefined();
  });

  it("are not noted where nobody asks for it", () => {
    const first = takenOver(lease(), "ann", T0);
    const result = acquire(first, ask.acquire(ONE, "bob", at(60)));
    expect(result).toMatchObject({ kind: "acquired", lease: { epoch: 2 } });
    expect(result.kind === "acquired" && "deaths" in result.lease).toBe(false);
  });

  it("are forgotten with a release, with the ward", () => {
    const { lease: killed, now } = killedBy(2, { ...lease(), ward: ward(at(900)) });
    const released = release(killed, ask.release(ONE, "owner-1", killed.version, now));
    if (released.kind !== "released") throw new Error(released.kind);
    expect(released.lease.deaths).toBeUndefined();
    expect(released.lease.ward).toBeUndefined();
  });

  it("count for so long, and the newest are kept", () => {
    const deaths = [at(1), at(2), at(3), at(4)];
    expect(withDeath(deaths, at(5), { now: at(6), withinMs: WITHIN_MS })).toEqual([
      at(2),
      at(3),
      at(4),
      at(5),
    ]);
    const later = after(at(3), WITHIN_MS);
    expect(recentDeaths(deaths, later, WITHIN_MS)).toEqual([at(4)]);
    expect(withDeath(deaths, at(950), { now: at(960), withinMs: WITHIN_MS })).toEqual([at(950)]);
  });

  it("include that of an owner whose time ran out, though nobody has noted it", () => {
    const { lease: killed, now } = killedBy(2);
    expect(deathsOf(killed, now)).toEqual([at(10), epochMs(at(20) + SKEW_MS)]);
    expect(deathsOf(killed, at(15))).toEqual([at(10)]);
  });

  it("are noted by a move that takes a dead owner away, and not by one from a lease nobody owns", () => {
    const { lease: killed, now } = killedBy(2);
    const [, two] = twoLeases(POOL).leases;
    const request = { ...ask.move([killed.version, 1], [Q[1]], now), deathsWithinMs: WITHIN_MS };
    const moved = move(killed, two, request);
    if (moved.kind !== "moved") throw new Error(moved.why);
    expect(moved.from.deaths).toHaveLength(2);
    const again = move(moved.from, moved.to, {
      ...ask.move([moved.from.version, moved.to.version], [Q[0]], now),
      deathsWithinMs: WITHIN_MS,
    });
    expect(again.kind === "moved" && again.from.deaths).toEqual(moved.from.deaths);
    // What was moved goes to a lease like any other.
    expect(moved.to.deaths).toBeUndefined();
  });
});

describe("what is to be done about a lease", () => {
  it("is nothing while somebody holds it, however many died before", () => {
    const { lease: killed, now } = killedBy(4);
    const held = takenOver(killed, "alive", now);
    expect(verdict(held, after(now, TTL_MS))).toBe("sound");
    expect(verdict(held, after(now, TTL_MS + SKEW_MS))).toBe("divide");
  });

  it("is to divide it when two have died, and to quarantine one slot when three have", () => {
    const [one, two, three] = [killedBy(1), killedBy(2), killedBy(3)];
    expect(verdict(one.lease, one.now)).toBe("sound");
    expect(verdict(two.lease, two.now)).toBe("divide");
    expect(verdict(three.lease, three.now)).toBe("divide");
    const [twice, thrice] = [killedBy(2, oneSlot()), killedBy(3, oneSlot())];
    expect(verdict(twice.lease, twice.now)).toBe("sound");
    expect(verdict(thrice.lease, thrice.now)).toBe("quarantine");
  });

  it("is to quarantine a ward with the first death, as long as it is one", () => {
    const { lease: killed, now } = killedBy(1, { ...lease(), ward: ward(at(900)) });
    expect(verdict(killed, now)).toBe("quarantine");
    expect(verdict({ ...killed, ward: ward(now) }, now)).toBe("sound");
  });

  it("is nothing when the deaths are old", () => {
    const { lease: killed, now } = killedBy(2);
    expect(verdict(killed, after(now, WITHIN_MS))).toBe("sound");
  });

  it("is to divide a quarantined one again when its time is over, down to one slot", () => {
    const { lease: single, now } = quarantined();
    const wide = { ...single, ranges: [Q[0]] };
    const over = after(now, limits.quarantineMs + SKEW_MS);
    expect(verdict(wide, epochMs(over - 1))).toBe("sound");
    expect(verdict(wide, over)).toBe("divide");
    expect(verdict(single, over)).toBe("sound");
  });
});

describe("a quarantined lease", () => {
  it("has no owner, counts all deaths, and keeps its epoch; its captures are open since its owner's last word", () => {
    const { lease: killed } = killedBy(1, { ...oneSlot(), ward: ward(at(900)) });
    const { lease: single, now } = quarantined();
    expect(single.holder).toBeUndefined();
    expect(single).toMatchObject({
      epoch: killed.epoch,
      version: killed.version + 1,
      quarantine: { since: now, until: after(now, limits.quarantineMs) },
      ward: { of: leaseId(9), deaths: 3 },
      nextDueAt: killed.holder?.expiresAt,
    });
    expect(deathsInAll(single, now)).toBe(3);
  });

  it("is acquired by nobody until its time is over, skewMax included; then it is a ward", () => {
    const { lease: single, now } = quarantined();
    const over = after(now, limits.quarantineMs + SKEW_MS);
    const early = acquire(single, ask.acquire(ONE, "ann", epochMs(over - 1)));
    expect(early).toEqual({ kind: "held", lease: single });
    const tried = takenOver(single, "ann", over);
    expect(tried.quarantine).toBeUndefined();
    expect(tried).toMatchObject({ epoch: single.epoch + 1, ward: { deaths: 3 } });
    expect(verdict(tried, after(over, TTL_MS + SKEW_MS))).toBe("quarantine");
  });

  it("is not even waited for: a collector that is started for it ends at once", () => {
    const { lease: single, now } = quarantined();
    const over = after(now, limits.quarantineMs + SKEW_MS);
    const times = { ttlMs: TTL_MS, heartbeatEveryMs: 3_000, skewMaxMs: SKEW_MS, longestTimeoutMs: 5_000, patienceMs: 20_000 }; // prettier-ignore
    const early = { ...times, now: epochMs(over - 1) };
    const out = { kind: "stay out", why: "quarantined" };
    expect(succession(undefined, single, early)).toEqual(out);
    expect(succession(lease(), single, early)).toEqual(out);
    expect(succession(undefined, single, { ...times, now: over })).toEqual({ kind: "take" });
  });

  it("is renewed or released by none of its old owners", () => {
    const { lease: single, now } = quarantined();
    expect(renew(single, ask.renew(ONE, "owner-0", now)).kind).toBe("lost");
    const late = release(single, ask.release(ONE, "owner-0", single.version, now));
    expect(late.kind).toBe("refused");
  });

  it("is given nothing, and loses nothing before its time is over", () => {
    const { lease: single, now } = quarantined();
    const giver = {
      ...takenOver({ ...lease(), id: TWO }, "ann", now),
      giving: [{ range: Q[1], to: ONE }],
    };
    const request = {
      ...ask.give("ann", [giver.version, single.version], [Q[1]]),
      from: TWO,
      to: ONE,
    };
    expect(give(giver, single, request)).toMatchObject({ kind: "refused", why: "quarantined" });
    const away = { ...ask.move([single.version, 1], single.ranges, now) };
    const other = newLease(POOL, TWO, [], T0);
    expect(move(single, other, away)).toEqual({ kind: "refused", why: "quarantined" });
    const into = { ...ask.move([1, single.version], [Q[2]], now), from: TWO, to: ONE };
    const from = newLease(POOL, TWO, [Q[2]], T0);
    expect(move(from, single, into)).toEqual({ kind: "refused", why: "quarantined" });
  });

  it("is divided when its time is over: the mark travels to leases without ranges and owners only", () => {
    const { lease: single, now } = quarantined();
    const over = after(now, limits.quarantineMs + SKEW_MS);
    const mark = ward(after(over, WITHIN_MS));
    const request = { ...ask.move([single.version, 1], single.ranges, over), ward: mark };
    const moved = move(single, newLease(POOL, TWO, [], T0), request);
    if (moved.kind !== "moved") throw new Error(moved.why);
    expect(moved.to.ward).toEqual(mark);
    expect(moved.from.quarantine).toBeUndefined();
    const occupied = newLease(POOL, TWO, [Q[2]], T0);
    expect(move(single, occupied, request)).toEqual({ kind: "refused", why: "occupied" });
  });

  it("can't be made of one that is held, has moved on, or is gone", () => {
    const { lease: killed, now } = killedBy(1);
    const held = quarantine(killed, shut(killed.version, epochMs(now - 1)));
    expect(held).toEqual({ kind: "refused", why: "held" });
    const stale = quarantine(killed, shut(killed.version - 1, now));
    expect(stale).toEqual({ kind: "refused", why: "version" });
    expect(quarantine(undefined, shut(1, now))).toEqual({ kind: "refused", why: "gone" });
  });

  it("is made once, however often the same request comes", () => {
    const { lease: killed, now } = killedBy(1);
    const request = shut(killed.version, now);
    const first = quarantine(killed, request);
    if (first.kind !== "quarantined") throw new Error(first.why);
    expect(quarantine(first.lease, request)).toEqual(first);
    // Another's, of another moment.
    const other = quarantine(first.lease, { ...request, now: epochMs(now + 1) });
    expect(other).toEqual({ kind: "refused", why: "version" });
  });

  it("is lifted by hand, to be like any other; once, and only where there is one", () => {
    const { lease: single } = quarantined();
    const request = { pool: POOL, id: ONE, version: single.version };
    const lifted = lift(single, request);
    if (lifted.kind !== "lifted") throw new Error(lifted.why);
    expect(lifted.lease).toMatchObject({ version: single.version + 1, epoch: single.epoch });
    for (const gone of ["quarantine", "ward", "deaths", "holder"] as const)
      expect(lifted.lease[gone]).toBeUndefined();
    expect(lift(lifted.lease, request)).toEqual(lifted);
    expect(lift(single, { ...request, version: 1 })).toMatchObject({ why: "version" });
    expect(lift(lease(), { ...request, version: 1 })).toMatchObject({ why: "not-quarantined" });
    expect(lift(undefined, request)).toEqual({ kind: "refused", why: "gone" });
  });

  it("that somebody divided meanwhile isn't taken for lifted", () => {
    const { lease: single, now } = quarantined();
    const over = after(now, limits.quarantineMs + SKEW_MS);
    const request = ask.move([single.version, 1], single.ranges, over);
    const moved = move(single, newLease(POOL, TWO, [], T0), { ...request, ward: ward(over) });
    if (moved.kind !== "moved") throw new Error(moved.why);
    const late = lift(moved.from, { pool: POOL, id: ONE, version: single.version });
    expect(late.kind).toBe("refused");
  });
});

describe("a ward", () => {
  it("that is given or moved other ranges is a lease like any other: its owner's death tells nothing", () => {
    const taker = { ...newLease(POOL, TWO, [Q[2]], T0), ward: ward(at(900)) };
    const moved = move(lease(), taker, ask.move([1, 1], [Q[1]], T0));
    if (moved.kind !== "moved") throw new Error(moved.why);
    expect(moved.to.ward).toBeUndefined();
  });
});
