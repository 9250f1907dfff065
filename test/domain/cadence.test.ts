import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cadenceKey,
  cron,
  describeCadence,
  every,
  nextCronMoment,
  parseCadence,
  parseCadenceKey,
  shortestGapMs,
  type Cadence,
} from "#domain/cadence.ts";
import { InvalidInputError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import vectors from "./instants.vectors.json" with { type: "json" };

type CronCadence = Extract<Cadence, { kind: "cron" }>;

function cronOf(expression: string, timeZone = "UTC"): CronCadence {
  const made = cron(expression, timeZone);
  if (made.kind !== "cron") throw new Error("cron makes a cron cadence");
  return made;
}

/** The next moments after `text`, as UTC text. */
function next(cadence: CronCadence, text: string, count: number): string[] {
  const found: string[] = [];
  let moment = epochMs(Date.parse(text));
  for (let i = 0; i < count; i += 1) {
    const following = nextCronMoment(cadence, moment);
    if (following === undefined) return found;
    found.push(new Date(following).toISOString().slice(0, 16));
    moment = following;
  }
  return found;
}

describe("parseCadence", () => {
  it.each([
    ["every 60s", "every:60000"],
    ["60s", "every:60000"],
    ["every 1h 2m 3s 4ms", "every:3723004"],
    ["0 8 * * 1-5", "cron:UTC:2000:0 8 * * 1-5"],
    ["  0   8 * * 1-5 ", "cron:UTC:2000:0 8 * * 1-5"],
    ["CRON_TZ=Europe/Berlin 0 8 * * *", "cron:Europe/Berlin:2000:0 8 * * *"],
    ["TZ=Europe/Berlin 0 8 * * *", "cron:Europe/Berlin:2000:0 8 * * *"],
  ])("reads %j as %s", (text, key) => {
    expect(cadenceKey(parseCadence(text))).toBe(key);
  });

  it.each([
    ["", "nothing"],
    ["every", "no span"],
    ["every 0s", "a period of nothing"],
    ["every 999ms", "a period below a second"],
    ["every 32d", "a period above 31 days"],
    ["every 1000.5ms", "half a millisecond"],
    ["every every 5s", "two words"],
    ["* * * *", "four fields"],
    ["* * * * * *", "six fields"],
    ["@daily", "a nickname"],
    ["61 * * * *", "a minute that doesn't exist"],
    ["a b c d e", "letters"],
    ["0 0 31 2 *", "a day that never comes"],
    ["CRON_TZ=Nowhere/Land 0 8 * * *", "a zone that doesn't exist"],
    [`${"1,".repeat(200)}1 * * * *`, "an expression that is too long for a key"],
  ])("refuses %j: %s", (text) => {
    expect(() => parseCadence(text)).toThrow(InvalidInputError);
  });

  it("says where it stood", () => {
    expect(() => parseCadence("soon", "web.yml:3:5")).toThrow(/^web\.yml:3:5: found "soon"/u);
  });

  it("is a cadence or InvalidInputError, whatever the text", () => {
    const field = fc.stringMatching(/^(\*|\*\/\d{1,2}|\d{1,2}(-\d{1,2})?(,\d{1,2})?|L|MON|\?)$/u);
    const likely = fc
      .array(field, { minLength: 4, maxLength: 6 })
      .map((fields) => fields.join(" "));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          likely,
          likely.map((c) => `TZ=Europe/Berlin ${c}`),
        ),
        (text) => {
          try {
            const cadence = parseCadence(text);
            expect(parseCadenceKey(cadenceKey(cadence))).toEqual(cadence);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidInputError);
          }
        },
      ),
    );
  });
});

describe("cadence keys", () => {
  it("read back as written, offsets for zones included", () => {
    for (const cadence of [
      every(1_000),
      every(limits.periodMaxMs),
      cron("*/5 0-6 1,15 * MON"),
      cron("0 8 * * *", "America/Argentina/Buenos_Aires", 0),
      cron("0 8 * * *", "+05:30", 30_000),
    ]) {
      expect(parseCadenceKey(cadenceKey(cadence))).toEqual(cadence);
    }
  });

  it("are equal for equal cadences only", () => {
    const keys = [
      every(60_000),
      every(60_001),
      cron("* * * * *"),
      cron("* * * * *", "Europe/Berlin"),
      cron("* * * * *", "UTC", 0),
      cron("*/1 * * * *"),
    ].map(cadenceKey);
    expect(new Set(keys).size).toBe(keys.length);
    expect(cadenceKey(cron(" 0  8 * * *"))).toBe(cadenceKey(cron("0 8 * * *")));
  });

  it("are refused when no cadence has them", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((rest) => `every:${rest}`),
          fc.string().map((rest) => `cron:${rest}`),
        ),
        (key) => {
          try {
            expect(cadenceKey(parseCadenceKey(key))).toBe(key);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidInputError);
          }
        },
      ),
    );
  });
});

describe("cron", () => {
  it.each(vectors.cron)(
    "$expression in $timeZone: $note",
    ({ expression, timeZone, after, rounds }) => {
      const cadence = cronOf(expression, timeZone);
      const found: number[] = [];
      let moment = epochMs(after);
      for (let i = 0; i < rounds.length; i += 1) {
        moment = nextCronMoment(cadence, moment) ?? epochMs(0);
        found.push(moment);
      }
      expect(found).toEqual(rounds);
    },
  );

  it("captures at the end of the hour that summer time skips, once", () => {
    expect(next(cronOf("30 2 * * *", "Europe/Berlin"), "2026-03-28T00:00Z", 3)).toEqual([
      "2026-03-28T01:30",
      "2026-03-29T01:00",
      "2026-03-30T00:30",
    ]);
  });

  it("captures at the first pass of the hour that comes twice, once", () => {
    expect(next(cronOf("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00Z", 2)).toEqual([
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
  });

  it("knows zones that move by half an hour", () => {
    expect(next(cronOf("0 * * * *", "Australia/Lord_Howe"), "2026-04-04T13:30Z", 3)).toEqual([
      "2026-04-04T14:00",
      "2026-04-04T15:30",
      "2026-04-04T16:30",
    ]);
  });

  it("names a moment after now, and the same one from every moment before it", () => {
    const expression = fc
      .tuple(
        fc.constantFrom("*", "0", "30", "*/7", "5,55"),
        fc.constantFrom("*", "2", "*/2", "0,1,2,3", "1-3", "23"),
        fc.constantFrom("*", "*", "29"),
        fc.constantFrom("*", "*", "0"),
      )
      .map(([minute, hour, day, weekday]) => `${minute} ${hour} ${day} * ${weekday}`);
    const aroundChange = fc
      .constantFrom(
        "2026-03-29T01:00Z",
        "2026-10-25T01:00Z",
        "2026-11-01T06:00Z",
        "2026-04-04T15:00Z",
      )
      .chain((text) =>
        fc.integer({ min: -9e6, max: 9e6 }).map((shift) => epochMs(Date.parse(text) + shift)),
      );
    const zone = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe");
    fc.assert(
      fc.property(
        expression,
        zone,
        aroundChange,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (text, timeZone, now, share) => {
          const cadence = cronOf(text, timeZone);
          const moment = nextCronMoment(cadence, now);
          if (moment === undefined) throw new Error(`${text} comes again`);
          expect(moment).toBeGreaterThan(now);
          const between: EpochMs = epochMs(now + (moment - 1 - now) * share);
          expect(nextCronMoment(cadence, between)).toBe(moment);
        },
      ),
    );
  });

  it("refuses a spread outside 0 to 30 s", () => {
    for (const spread of [-1, 0.5, 30_001, Number.NaN]) {
      expect(() => cron("* * * * *", "UTC", spread)).toThrow(InvalidInputError);
    }
  });
});

describe("words about cadences", () => {
  it("name the period, or the fields and the zone", () => {
    expect(describeCadence(every(90_000))).toBe("every 1m30s");
    expect(describeCadence(cron("0 8 * * 1-5", "Europe/Berlin"))).toBe(
      "0 8 * * 1-5 (Europe/Berlin)",
    );
  });

  it("know the shortest gap between two rounds", () => {
    expect(shortestGapMs(every(90_000))).toBe(90_000);
    expect(shortestGapMs(cron("0 8 * * *"))).toBe(60_000);
  });
});
