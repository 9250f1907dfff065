import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import {
  backlogRounds,
  fleetBacklog,
  isOrphaned,
  lagMs,
  lastMinute,
  latenessDistribution,
  latenessPercentileMs,
  leaseLagMs,
  oldestDueAt,
  oldestDueBound,
  orphanedSlots,
  startLatenessMs,
} from "#domain/lag.ts";
import { leaseId, newLease, type Lease, type Owner } from "#domain/lease.ts";
import {
  emptyMinute,
  emptyProgress,
  latenessBucket,
  minuteOf,
  type Progress,
} from "#domain/progress.ts";
import { cover, wholeSpace } from "#domain/range.ts";
import type { ScheduleKey } from "#domain/round.ts";
import { slotWidth, type Slot } from "#domain/slot.ts";
import { after, epochMs, type EpochMs } from "#domain/units.ts";
import { through, upTo } from "#domain/watermark.ts";

const now = epochMs(Date.UTC(2026, 10, 21, 13, 0, 30));
const SKEW = 100;
const FOREVER = epochMs(0);
// Slot 0 of 16, every minute: rounds begin at the full minute and are spread over 3.75 s.
const key: ScheduleKey = { cadence: every(60_000), slot: 0 as Slot, slotsLog2: 4 };
const minute = (n: number): EpochMs => epochMs(Date.UTC(2026, 10, 21, 13, n));
const middle = slotWidth(4) / 2;

function held(lease: Lease, expiresInMs: number, progress?: Progress): Lease {
  const holder = {
    owner: "o" as Owner,
    expiresAt: after(now, expiresInMs),
    deadlineAt: after(now, 900_000),
  };
  return { ...lease, holder, ...(progress && { progress }) };
}

const lease = newLease("p", leaseId(1), wholeSpace(), after(now, 60_000));

describe("lag of a schedule", () => {
  it("is the age of the oldest instant that is due and not committed", () => {
    const targets = [{ offset: middle, registeredAt: FOREVER }];
    const due = oldestDueAt(key, through(minute(-1)), targets, now);
    expect(due).toBe(minute(-1) + 1_875);
    expect(lagMs(due, now)).toBe(90_000 - 1_875);
  });

  it("is 0 when everything due is committed, or nothing is due yet", () => {
    const targets = [{ offset: middle, registeredAt: FOREVER }];
    expect(oldestDueAt(key, through(now), targets, now)).toBeUndefined();
    expect(oldestDueAt(key, upTo(minute(0)), targets, after(minute(0), 1_874))).toBeUndefined();
    expect(lagMs(undefined, now)).toBe(0);
  });

  it("is 0 without targets, however old the watermark is", () => {
    expect(oldestDueAt(key, through(epochMs(1_000)), [], now)).toBeUndefined();
  });

  it("doesn't count what was due before a target was registered", () => {
    const targets = [{ offset: 0, registeredAt: after(minute(-2), 1) }];
    expect(oldestDueAt(key, through(minute(-9)), targets, now)).toBe(minute(-1));
  });

  it("is 0 when the clock has jumped back behind the watermark", () => {
    const targets = [{ offset: 0, registeredAt: FOREVER }];
    expect(oldestDueAt(key, through(after(now, 600_000)), targets, now)).toBeUndefined();
  });

  it("is never more than the bound that the watermark alone gives, and at most a window less", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 600_000 }),
        fc.integer({ min: 0, max: slotWidth(4) - 1 }),
        (behind, offset) => {
          const watermark = through(epochMs(now - behind));
          const exact = oldestDueAt(key, watermark, [{ offset, registeredAt: FOREVER }], now);
          const bound = oldestDueBound(key, watermark, now);
          if (exact === undefined) return;
          expect(bound).toBeDefined();
          expect(exact).toBeGreaterThanOrEqual(bound ?? Infinity);
        },
      ),
    );
  });

  it("counts the rounds that are open", () => {
    expect(backlogRounds(key, through(after(minute(0), 5_000)), now)).toBe(0);
    expect(backlogRounds(key, upTo(minute(0)), now)).toBe(1);
    expect(backlogRounds(key, upTo(minute(-3)), now)).toBe(4);
  });
});

describe("start lateness", () => {
  it("is the start minus the target's own instant", () => {
    expect(startLatenessMs(epochMs(1_012), epochMs(1_000))).toBe(12);
  });

  it("has a percentile that is the upper bound of its bucket", () => {
    const lateness = [...emptyMinute(0).lateness];
    lateness[latenessBucket(0.5)] = 98;
    lateness[latenessBucket(14)] = 2;
    expect(latenessPercentileMs(lateness, 0.5)).toBe(1);
    expect(latenessPercentileMs(lateness, 0.98)).toBe(1);
    expect(latenessPercentileMs(lateness, 0.99)).toBe(15);
  });

  it("is 0 without captures, and at least a minute beyond the last bucket", () => {
    expect(latenessPercentileMs(emptyMinute(0).lateness, 0.99)).toBe(0);
    const lateness = [...emptyMinute(0).lateness];
    lateness[latenessBucket(1e9)] = 1;
    expect(latenessPercentileMs(lateness, 0.99)).toBe(60_000);
  });
});

describe("the distribution of start lateness", () => {
  const counted = (...starts: readonly number[]): number[] => {
    const lateness = [...emptyMinute(0).lateness];
    for (const ms of starts) {
      const bucket = latenessBucket(ms);
      lateness[bucket] = (lateness[bucket] ?? 0) + 1;
    }
    return lateness;
  };

  it("has the bounds of the buckets that are filled, ascending, with their counts", () => {
    expect(latenessDistribution(counted(0.5, 0.7, 14, 14, 14))).toEqual({
      values: [1, 15],
      counts: [2, 3],
    });
  });

  it("counts what lies beyond the last bound as the last bound", () => {
    expect(latenessDistribution(counted(59_000, 1e9))).toEqual({ values: [60_000], counts: [2] });
  });

  it("is one of 0 without captures", () => {
    expect(latenessDistribution(counted())).toEqual({ values: [0], counts: [1] });
  });

  it("has as many counts as captures, and the percentiles that the buckets have", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (starts, share) => {
          const lateness = counted(...starts);
          const { values, counts } = latenessDistribution(lateness);
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(starts.length);
          expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b));
          let seen = 0;
          const at = counts.findIndex((count) => (seen += count) >= starts.length * share);
          expect(values[at]).toBe(latenessPercentileMs(lateness, share));
        },
      ),
    );
  });
});

describe("lag of a lease", () => {
  it("is its owner's word while it is held", () => {
    expect(leaseLagMs(held(lease, 5_000, { ...emptyProgress(now), lagMs: 123 }), now, SKEW)).toBe(
      123,
    );
  });

  it("grows from its owner's last word once it has expired", () => {
    const progress = { ...emptyProgress(epochMs(now - 14_000)), lagMs: 1_000 };
    expect(leaseLagMs(held(lease, -4_000, progress), now, SKEW)).toBe(15_000);
  });

  it("is the age of its next due moment while nobody owns it", () => {
    expect(leaseLagMs({ ...lease, nextDueAt: epochMs(now - 700) }, now, SKEW)).toBe(700);
    expect(leaseLagMs(lease, now, SKEW)).toBe(0);
  });

  it("is 0 for a lease without ranges", () => {
    expect(leaseLagMs({ ...lease, ranges: [], nextDueAt: epochMs(0) }, now, SKEW)).toBe(0);
  });
});

describe("the fleet", () => {
  const [first = lease, second = lease, third = lease] = cover(3, 4).map((ranges, index) =>
    newLease("p", leaseId(index + 1), ranges, after(now, 60_000)),
  );

  it("has orphaned slots where nobody captures what is due", () => {
    const dead = held(first, -SKEW);
    const overdue = { ...second, nextDueAt: now };
    expect([dead, overdue, third].map((each) => isOrphaned(each, now, SKEW))).toEqual([
      true,
      true,
      false,
    ]);
    expect(orphanedSlots([dead, overdue, third], 4, now, SKEW)).toBe(10);
    // A moment before, a claimer could not have it yet.
    expect(isOrphaned(held(first, -SKEW + 1), now, SKEW)).toBe(false);
  });

  it("has orphaned slots where they are quarantined, due or not", () => {
    const later = after(now, 60_000);
    const [part = []] = cover(4, 4);
    const lease = newLease("p", leaseId(1), part, later);
    const shut = { ...lease, quarantine: { since: now, until: later } };
    expect([lease, shut].map((each) => isOrphaned(each, now, SKEW))).toEqual([false, true]);
    expect(orphanedSlots([lease, shut], 4, now, SKEW)).toBe(4);
    // Its lag goes on from when its captures were open.
    expect(leaseLagMs({ ...shut, nextDueAt: after(now, -5_000) }, now, SKEW)).toBe(5_000);
  });

  it("has the backlog that owners know, and a round for each orphaned slot", () => {
    const busy = held(first, 5_000, { ...emptyProgress(now), backlogRounds: 7 });
    expect(fleetBacklog([busy, { ...second, nextDueAt: now }, third], 4, now, SKEW)).toBe(7 + 5);
  });

  it("has the counts of the last whole minute, of whoever was there", () => {
    const counts = {
      ...emptyMinute(minuteOf(now) - 1),
      captures: 10,
      failed: 1,
      missed: 2,
      redone: 3,
      readUnits: 4,
      writeUnits: 5,
      throttled: 6,
    };
    const running = held(first, 5_000, { ...emptyProgress(now), previous: counts });
    const released = {
      ...second,
      progress: { ...emptyProgress(epochMs(now - 40_000)), current: counts },
    };
    const silent = {
      ...third,
      progress: { ...emptyProgress(epochMs(now - 400_000)), current: { ...counts, minute: 5 } },
    };
    expect(lastMinute([running, released, silent], now)).toMatchObject({
      minute: minuteOf(now) - 1,
      captures: 20,
      failed: 2,
      missed: 4,
      redone: 6,
      readUnits: 8,
      writeUnits: 10,
      throttled: 12,
    });
  });
});
