import { describe, expect, test } from "vitest";
import { newLease, type GiveResult, type Lease, type ReleaseResult } from "#domain/lease.ts";
import {
  answerToGive,
  answerToRelease,
  commitEpoch,
  entriesToWrite,
  isKeptOver,
  isOvertaken,
  isTakers,
  keptBy,
  keptForGood,
  mayBeOpenBefore,
  mayForget,
  mayServeRequests,
  mayStartAt,
  mustEndBy,
  nextDueOfReleased,
  openOfReleased,
  takenUpThrough,
  type Kept,
} from "#domain/letting-go.ts";
import { epochMs } from "#domain/units.ts";
import { at, ONE, openEntry, owner, Q, SKEW_MS, T0, TWO } from "#test/support/leases.ts";

const kept: Kept = { cut: at(4), until: at(9), startsUntil: at(9), epoch: 3 };
const me = owner("me");

function lease(fields: Partial<Lease> = {}): Lease {
  return {
    ...newLease("pool", ONE, [Q[0], Q[1]], T0),
    epoch: 3,
    version: 5,
    holder: { owner: me, expiresAt: at(10), deadlineAt: at(900) },
    ...fields,
  };
}

function unowned(fields: Partial<Lease> = {}): Lease {
  const { holder: _gone, ...rest } = lease(fields);
  return rest;
}

describe("what is kept", () => {
  test("has one cut and one until, and the epoch of the moment", () => {
    expect(keptBy([openEntry(Q[0], at(4)), openEntry(Q[2], at(4))], lease(), T0)).toEqual(kept);
  });

  test("is nothing without a slot: the cut is now", () => {
    expect(keptBy([], lease(), T0)).toEqual({ cut: T0, until: T0, startsUntil: T0, epoch: 3 });
  });

  test("is started no longer than the lease lasts, until the write is known to have landed", () => {
    const holder = { owner: me, expiresAt: at(6), deadlineAt: at(900) };
    const asked = keptBy([openEntry(Q[0], at(4))], lease({ holder }), T0);
    expect(mayStartAt(asked, epochMs(at(6) - 1), at(6))).toBe(true);
    expect(mayStartAt(asked, at(6), at(6))).toBe(false);
    expect(mayStartAt(keptForGood(asked), at(9), at(6))).toBe(true);
    expect(keptForGood(asked)).toEqual(kept);
  });

  test("ends before the cut: at it, the taker's begins", () => {
    expect(isTakers(kept, epochMs(at(4) - 1))).toBe(false);
    expect(isTakers(kept, at(4))).toBe(true);
    expect(isTakers(undefined, at(4))).toBe(false);
    expect(takenUpThrough(kept, at(2))).toBe(at(2));
    expect(takenUpThrough(kept, at(20))).toBe(at(4) - 1);
    expect(takenUpThrough(undefined, at(20))).toBe(at(20));
  });

  test("may be started until `until`, whatever becomes of the lease", () => {
    expect(mayStartAt(kept, at(9), at(1))).toBe(true);
    expect(mayStartAt(kept, epochMs(at(9) + 1), at(100))).toBe(false);
  });

  test("must leave room for its commit before `until`; all else before the deadline", () => {
    expect(mustEndBy(kept, at(900), 3_000)).toBe(at(6));
    expect(mustEndBy(undefined, at(900), 3_000)).toBe(at(897));
  });

  test("is committed under the epoch it had, all else under the lease's", () => {
    expect(commitEpoch(kept, 7)).toBe(3);
    expect(commitEpoch(undefined, 7)).toBe(7);
  });

  test("is over when all before the cut is committed, or when until has passed", () => {
    expect(isKeptOver(kept, at(5), true)).toBe(true);
    expect(isKeptOver(kept, at(5), false)).toBe(false);
    expect(isKeptOver(kept, at(3), true)).toBe(false);
    expect(isKeptOver(kept, at(9), false)).toBe(false);
    expect(isKeptOver(kept, epochMs(at(9) + 1), false)).toBe(true);
  });
});

describe("an owner", () => {
  test("starts nothing from expiresAt on", () => {
    expect(mayStartAt(undefined, epochMs(at(10) - 1), at(10))).toBe(true);
    expect(mayStartAt(undefined, at(10), at(10))).toBe(false);
  });

  test("serves requests unless it lets go", () => {
    expect(mayServeRequests(undefined, false)).toBe(true);
    expect(mayServeRequests(undefined, true)).toBe(false);
    expect(mayServeRequests(kept, false)).toBe(false);
  });
});

describe("what may be open before the cut", () => {
  const quiet = { isUnderWay: false, cut: undefined, nextDueAt: at(4) };

  test("is nothing where the next instant is at the cut or later", () => {
    expect(mayBeOpenBefore(quiet, at(4))).toBe(false);
    expect(mayBeOpenBefore({ ...quiet, nextDueAt: at(4) - 1 }, at(4))).toBe(true);
  });

  test("may be anything where work is under way or another giver is waited for", () => {
    expect(mayBeOpenBefore({ ...quiet, isUnderWay: true }, at(4))).toBe(true);
    expect(mayBeOpenBefore({ ...quiet, cut: { cut: at(1), until: at(2) } }, at(4))).toBe(true);
  });
});

describe("what is written", () => {
  test("is an entry for each range that needs one", () => {
    const entries = [Q[0], Q[1]].map((range) => openEntry(range, at(4)));
    expect(entriesToWrite(entries, [Q[1]], kept)).toEqual([openEntry(Q[1], at(4))]);
  });

  test("is the whole ranges where the pieces would be many", () => {
    const entries = [openEntry(Q[0], at(4))];
    const pieces = Array.from({ length: 25 }, (_, i) => ({ from: i * 2, to: i * 2 + 1 }));
    expect(entriesToWrite(entries, pieces, kept)).toBe(entries);
    expect(entriesToWrite(entries, pieces.slice(1), kept)).toHaveLength(24);
  });

  test("keeps what was open before, unless it is past", () => {
    const open = [openEntry(Q[0], at(1), 5_000), openEntry(Q[0], at(1), 60_000)];
    const mine = openEntry(Q[1], at(4));
    expect(openOfReleased(lease({ open }), [mine], at(7), SKEW_MS)).toEqual([open[1], mine]);
  });

  test("tells the oldest instant that isn't committed, what is kept included", () => {
    expect(nextDueOfReleased({ isUnread: false, soonest: at(2) }, at(3), 60_000)).toBe(at(2));
    expect(nextDueOfReleased({ isUnread: false, soonest: Infinity }, at(3), 60_000)).toBe(at(63));
  });

  test("tells now where a slot was not read", () => {
    expect(nextDueOfReleased({ isUnread: true, soonest: at(50) }, at(3), 60_000)).toBe(at(3));
  });
});

const other = { owner: owner("you"), expiresAt: at(10), deadlineAt: at(900) };

describe("the answer to a release", () => {
  const mine = openEntry(Q[0], at(4));
  const asked = { owner: me, kept: [mine] };
  const refused = (found?: Lease): ReleaseResult => ({
    kind: "refused",
    ...(found && { lease: found }),
  });

  test("that it was applied", () => {
    expect(answerToRelease({ kind: "released", lease: unowned() }, asked)).toBe("landed");
  });

  test("a refusal while the lease is ours: as before", () => {
    expect(answerToRelease(refused(lease({ version: 6 })), asked)).toBe("ours again");
  });

  test("a refusal when another has the lease, or it is gone", () => {
    expect(answerToRelease(refused(lease({ holder: other })), asked)).toBe("lost");
    expect(answerToRelease(refused(unowned()), asked)).toBe("lost");
    expect(answerToRelease(refused(), asked)).toBe("lost");
  });

  test("a refusal by a lease that has our entries: it landed before, and another has it since", () => {
    const found = lease({ holder: other, open: [openEntry(Q[1], at(1)), mine] });
    expect(answerToRelease(refused(found), asked)).toBe("landed");
    expect(answerToRelease(refused(unowned({ open: [mine] })), asked)).toBe("landed");
    const half = { from: Q[0].from, to: Q[0].to / 2 };
    const rest = { from: Q[0].to / 2, to: Q[0].to };
    const split = [openEntry(half, at(4)), openEntry(rest, at(4))];
    expect(answerToRelease(refused(unowned({ open: split })), asked)).toBe("landed");
  });

  test("entries of other cuts, or over other ranges, are not ours", () => {
    for (const open of [
      [openEntry(Q[0], at(5))],
      [openEntry(Q[0], at(4), 6_000)],
      [openEntry(Q[1], at(4))],
    ]) {
      expect(answerToRelease(refused(unowned({ open })), asked)).toBe("lost");
    }
    expect(answerToRelease(refused(unowned()), { owner: me, kept: [] })).toBe("lost");
  });

  test("none at all settles nothing", () => {
    expect(answerToRelease(undefined, asked)).toBe("unknown");
  });
});

describe("the answer to a give", () => {
  const mine = openEntry(Q[0], at(4));
  const asked = { owner: me, ranges: [Q[0]], open: [mine] };
  const refused = (from?: Lease, to?: Lease): GiveResult => ({
    kind: "refused",
    why: "version",
    ...(from && { from }),
    ...(to && { to }),
  });
  const gone = lease({ ranges: [Q[1]] });
  const taker = (open: Lease["open"]): Lease => ({ ...newLease("pool", TWO, [Q[0]], T0), open });

  test("that it was applied", () => {
    const to = newLease("pool", TWO, [], T0);
    expect(answerToGive({ kind: "given", from: lease(), to }, asked)).toBe("landed");
  });

  test("a refusal while the ranges are ours: as before", () => {
    expect(answerToGive(refused(lease()), asked)).toBe("ours again");
  });

  test("a refusal when the ranges have left our lease with our entries: it landed before", () => {
    expect(answerToGive(refused(gone, taker([mine])), asked)).toBe("landed");
  });

  test("the same where the taker has given them on already: only a give of ours can have taken them", () => {
    expect(answerToGive(refused(gone, newLease("pool", TWO, [], T0)), asked)).toBe("landed");
    expect(answerToGive(refused(gone), asked)).toBe("landed");
  });

  test("a refusal when they have left with other entries: an older give of ours landed, with its own cut", () => {
    expect(answerToGive(refused(gone, taker([openEntry(Q[0], at(2))])), asked)).toBe("lost");
  });

  test("a refusal when another has the lease, or nobody, or it is gone", () => {
    expect(answerToGive(refused(lease({ holder: other })), asked)).toBe("lost");
    expect(answerToGive(refused(unowned({ ranges: [Q[1]] })), asked)).toBe("lost");
    expect(answerToGive(refused(), asked)).toBe("lost");
  });

  test("none at all settles nothing", () => {
    expect(answerToGive(undefined, asked)).toBe("unknown");
  });
});

describe("a slot that was let go without an answer", () => {
  const asked = { outcome: "asked", version: 5 } as const;
  const landed = { outcome: "landed", version: 5 } as const;

  test("is read again once a write has raised the lease's version", () => {
    expect(isOvertaken(asked, 5)).toBe(false);
    expect(isOvertaken(asked, 6)).toBe(true);
    expect(isOvertaken(landed, 6)).toBe(false);
    expect(isOvertaken(undefined, 6)).toBe(false);
  });

  test("is kept until there is one; one whose write landed is forgotten as soon as it is done", () => {
    expect(mayForget(asked)).toBe(false);
    expect(mayForget(landed)).toBe(true);
  });
});
