import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cron, every, type Cadence } from "#domain/cadence.ts";
import {
  effectiveTimeoutMs,
  exactStart,
  instantIn,
  nextRound,
  roundFrom,
  spread,
  windowMs,
  type Round,
} from "#domain/instant.ts";
import { limits } from "#domain/limits.ts";
import { offsetInSlot, slot, slotCount, slotOf, slotWidth, type Slot } from "#domain/slot.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import vectors from "./instants.vectors.json" with { type: "json" };

const hash32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const slotsLog2 = fc.integer({ min: 0, max: 16 });
const periodMs = fc.oneof(
  fc.constantFrom(1_000, 10_000, 60_000, 600_000, 3_000_000),
  fc.integer({ min: limits.periodMinMs, max: limits.periodMaxMs }),
);
const moment = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2090, 0) }).map(epochMs);

const must = (round: Round | undefined): Round => {
  if (round === undefined) throw new Error("this cadence comes again");
  return round;
};

describe("instants of `every`", () => {
  it.each(vectors.every)(
    "period $periodMs, k = $slotsLog2, hash $hash32, round $round",
    (vector) => {
      const cadence = every(vector.periodMs);
      const k = vector.slotsLog2;
      const index = slot(vector.slot, k);
      const round = nextRound(cadence, index, k, epochMs(vector.roundAt - 1));
      expect(round).toEqual({ at: vector.roundAt, endsAt: vector.roundEndsAt });
      expect(instantIn(must(round), cadence, index, k, vector.offset)).toBe(vector.instant);
    },
  );

  it("lie exactly one period apart, in any year", () => {
    fc.assert(
      fc.property(
        periodMs,
        slotsLog2,
        hash32,
        moment,
        fc.nat(1_000_000),
        (period, k, hash, now, n) => {
          const cadence = every(period);
          const index = slotOf(hash, k);
          const offset = offsetInSlot(hash, k);
          const first = must(nextRound(cadence, index, k, now));
          const later = must(nextRound(cadence, index, k, epochMs(first.at - 1 + n * period)));
          const between =
            instantIn(later, cadence, index, k, offset) -
            instantIn(first, cadence, index, k, offset);
          expect(between).toBe(n * period);
        },
      ),
    );
  });

  it("lie within their round, whole, and in the order of their offsets", () => {
    fc.assert(
      fc.property(periodMs, slotsLog2, hash32, hash32, moment, (period, k, one, other, now) => {
        const cadence = every(period);
        const index = slotOf(one, k);
        const round = must(nextRound(cadence, index, k, now));
        const [a, b] = [one, other].map((h) => offsetInSlot(h, k)).toSorted((x, y) => x - y);
        const at = instantIn(round, cadence, index, k, a ?? 0);
        const then = instantIn(round, cadence, index, k, b ?? 0);
        expect(Number.isInteger(at)).toBe(true);
        expect(instantIn(round, cadence, index, k, 0)).toBe(round.at);
        expect(at).toBeGreaterThanOrEqual(round.at);
        expect(then).toBeGreaterThanOrEqual(at);
        expect(round.endsAt).toBeGreaterThanOrEqual(then);
        expect(round.endsAt - round.at).toBeLessThanOrEqual(Math.ceil(windowMs(cadence, k)));
      }),
    );
  });

  it("are what an unfloored start and spread say, to the millisecond", () => {
    fc.assert(
      fc.property(periodMs, slotsLog2, hash32, moment, (period, k, hash, now) => {
        const cadence = every(period);
        const index = slotOf(hash, k);
        const offset = offsetInSlot(hash, k);
        const round = must(nextRound(cadence, index, k, now));
        const unfloored = exactStart(round, cadence, index, k) + spread(cadence, k, offset);
        const instant = instantIn(round, cadence, index, k, offset);
        expect(Math.abs(unfloored - 0.5 - instant)).toBeLessThan(0.501);
      }),
    );
  });

  it("never ask a slot of n targets for more than n / W a second, however many slots there are", () => {
    const k = 12;
    const cadence = every(60_000);
    const window = windowMs(cadence, k);
    expect(window).toBe(2_000);
    const n = 1_000;
    const round = must(nextRound(cadence, slot(77, k), k, epochMs(0)));
    const instants = Array.from({ length: n }, (_, i) =>
      instantIn(round, cadence, slot(77, k), k, Math.floor((i * slotWidth(k)) / n)),
    );
    const perSecond = Map.groupBy(instants, (at) => Math.floor((at - round.at) / 1_000));
    const most = Math.max(...[...perSecond.values()].map((group) => group.length));
    expect(most).toBeLessThanOrEqual(Math.ceil((n / window) * 1_000));
  });

  it("spread neighbouring slots evenly over the period", () => {
    const k = 6;
    const cadence = every(64_000);
    const starts = Array.from(
      { length: slotCount(k) },
      (_, index) => must(nextRound(cadence, slot(index, k), k, epochMs(-1))).at,
    );
    const gaps = (run: readonly number[]): number[] =>
      run
        .toSorted((a, b) => a - b)
        .flatMap((at, i, all) => (i === 0 ? [] : [at - (all[i - 1] ?? 0)]));
    expect(new Set(gaps(starts))).toEqual(new Set([1_000]));
    expect(new Set(gaps(starts.slice(16, 24)))).toEqual(new Set([8_000]));
  });
});

describe("windows", () => {
  it.each(vectors.windows)("period $periodMs, k = $slotsLog2: $windowMs", (vector) => {
    expect(windowMs(every(vector.periodMs), vector.slotsLog2)).toBe(vector.windowMs);
  });

  it("of one slot and cadence never overlap", () => {
    fc.assert(
      fc.property(periodMs, slotsLog2, hash32, moment, (period, k, hash, now) => {
        const cadence = every(period);
        const round = must(nextRound(cadence, slotOf(hash, k), k, now));
        const following = must(nextRound(cadence, slotOf(hash, k), k, round.at));
        expect(following.at).toBe(round.at + period);
        expect(round.endsAt).toBeLessThanOrEqual(following.at);
      }),
    );
  });
});

describe("effectiveTimeoutMs", () => {
  const timeout = fc.integer({ min: limits.timeoutMinMs, max: limits.timeoutMaxMs });

  it("is never longer than asked, and always something", () => {
    fc.assert(
      fc.property(periodMs, slotsLog2, timeout, (period, k, asked) => {
        const given = effectiveTimeoutMs(every(period), k, asked);
        expect(given).toBeLessThanOrEqual(asked);
        expect(given).toBeGreaterThan(0);
      }),
    );
  });

  it("ends every capture of a round before the next round begins", () => {
    fc.assert(
      fc.property(periodMs, fc.integer({ min: 1, max: 16 }), timeout, (period, k, asked) => {
        const cadence = every(period);
        const longest = windowMs(cadence, k) + effectiveTimeoutMs(cadence, k, asked);
        expect(longest).toBeLessThanOrEqual(period - Math.min(1_000, period / 10));
      }),
    );
  });

  it("ends a target's own capture before its next one, with a single slot too", () => {
    fc.assert(
      fc.property(periodMs, timeout, (period, asked) => {
        expect(effectiveTimeoutMs(every(period), 0, asked)).toBeLessThan(period);
      }),
    );
  });

  it("leaves room before the next minute of a cron", () => {
    const cadence = cron("* * * * *", "UTC", limits.cronSpreadMaxMs);
    expect(effectiveTimeoutMs(cadence, 6, 60_000)).toBe(29_000);
    expect(effectiveTimeoutMs(cron("* * * * *"), 6, 10_000)).toBe(10_000);
  });
});

describe("nextRound and roundFrom", () => {
  const cadence = fc.oneof(
    periodMs.map((period) => every(period)),
    fc
      .constantFrom("* * * * *", "*/7 * * * *", "0 8 * * 1-5", "30 2 * * *", "*/15 2 * * *")
      .chain((text) =>
        fc
          .constantFrom("UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York")
          .map((zone) => cron(text, zone)),
      ),
  );

  it("nextRound is after now, and the first such: asking again just before it names it again", () => {
    fc.assert(
      fc.property(
        cadence,
        slotsLog2,
        hash32,
        moment,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (c, k, hash, now, share) => {
          const index = slotOf(hash, k);
          const round = must(nextRound(c, index, k, now));
          expect(round.at).toBeGreaterThan(now);
          const between = epochMs(now + (round.at - now - 1) * share);
          expect(nextRound(c, index, k, between)).toEqual(round);
        },
      ),
    );
  });

  it("roundFrom leaves no instant after now behind", () => {
    fc.assert(
      fc.property(cadence, slotsLog2, hash32, moment, (c, k, hash, now) => {
        const index = slotOf(hash, k);
        const offset = offsetInSlot(hash, k);
        const from = must(roundFrom(c, index, k, now));
        const before = lastBefore(c, index, k, from);
        if (before !== undefined) {
          expect(instantIn(before, c, index, k, offset)).toBeLessThanOrEqual(now);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("name the same rounds however often, and in whatever order, they are asked", () => {
    fc.assert(
      fc.property(
        cadence,
        slotsLog2,
        hash32,
        moment,
        fc.array(fc.nat(400_000), { maxLength: 60 }),
        (c, k, hash, from, ticks) => {
          const index = slotOf(hash, k);
          const to = epochMs(from + 400_000);
          const asked = ticks.map((tick) => epochMs(from + tick));
          const seen = roundsSeen([from, ...asked], to, (now) => nextRound(c, index, k, now));
          const walked = roundsSeen([from], to, (now) => nextRound(c, index, k, now));
          for (const at of seen) expect(walked.has(at)).toBe(true);
          // A clock that jumps back sees the very same rounds again, and no others.
          const back = roundsSeen([to, ...asked.toReversed(), from], to, (now) =>
            nextRound(c, index, k, now),
          );
          expect(back).toEqual(walked);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("find a round of a cron from inside its spread", () => {
    const minutely = cron("* * * * *");
    const at = epochMs(Date.UTC(2026, 10, 21, 12, 0));
    expect(roundFrom(minutely, slot(5, 6), 6, epochMs(at + 1_900))?.at).toBe(at);
    expect(roundFrom(minutely, slot(5, 6), 6, epochMs(at + 2_500))?.at).toBe(at + 60_000);
  });

  it.each(vectors.cronInstants)(
    "spread a cron round: $hash32, $spreadMs ms, k = $slotsLog2",
    (vector) => {
      const k = vector.slotsLog2;
      const hash = Number.parseInt(vector.hash32, 16);
      const c = cron("* * * * *", "UTC", vector.spreadMs);
      const round = {
        at: epochMs(vector.roundAt),
        endsAt: epochMs(vector.roundEndsAt),
      };
      expect(nextRound(c, slotOf(hash, k), k, epochMs(vector.roundAt - 1))).toEqual(round);
      expect(instantIn(round, c, slotOf(hash, k), k, offsetInSlot(hash, k))).toBe(vector.instant);
    },
  );
});

type Asked = (now: EpochMs) => Round | undefined;

/** Every round up to `to` that walking on from each of `starts` comes by. */
function roundsSeen(starts: readonly EpochMs[], to: EpochMs, ask: Asked): Set<number> {
  const seen = new Set<number>();
  for (const start of starts) {
    for (let round = ask(start); round !== undefined && round.at <= to; round = ask(round.at)) {
      if (seen.has(round.at)) break;
      seen.add(round.at);
    }
  }
  return seen;
}

/** The round before `round`, if there is one within the four days before it. */
function lastBefore(cadence: Cadence, index: Slot, k: number, round: Round): Round | undefined {
  const minute = 60_000;
  const gaps = [minute, 15 * minute, 120 * minute, 1_440 * minute, 5_760 * minute];
  for (const gap of cadence.kind === "every" ? [cadence.periodMs] : gaps) {
    let last: Round | undefined;
    let next = nextRound(cadence, index, k, epochMs(round.at - gap - 1));
    while (next !== undefined && next.at < round.at) {
      last = next;
      next = nextRound(cadence, index, k, next.at);
    }
    if (last !== undefined) return last;
  }
  return undefined;
}
