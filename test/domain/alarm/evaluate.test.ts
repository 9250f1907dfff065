import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type {
  AlarmRule,
  AlarmState,
  AlarmStateValue,
  Datapoint,
  MissingData,
} from "#domain/alarm/definition.ts";
import { evaluateAlarm, evaluationRangeMs, periodValues } from "#domain/alarm/evaluate.ts";
import { durationMs, epochMs, type EpochMs } from "#domain/units.ts";

const MINUTE = 60_000;
/** A whole minute; alarms are looked at some seconds after it. */
const END = epochMs(Date.parse("2026-11-21T12:00:00Z"));
const NOW = epochMs(END + 7_000);

const rule = (overrides: Partial<AlarmRule> = {}): AlarmRule => ({
  id: "CollectionLag",
  metric: { namespace: "Lamplighter", name: "CollectionLag", of: { kind: "pool" } },
  statistic: "Maximum",
  periodMs: durationMs(MINUTE),
  evaluationPeriods: 3,
  datapointsToAlarm: 3,
  comparison: "GreaterThanThreshold",
  threshold: 3,
  treatMissingData: "missing",
  ...overrides,
});

/** As the documentation draws them: oldest first, `0` within, `X` breaching, `-` missing. */
function drawn(picture: string, end: EpochMs = END, periodMs = MINUTE): Datapoint[] {
  const marks = picture.split(" ");
  return marks.flatMap((mark, index) => {
    const at = epochMs(end - (marks.length - index) * periodMs + 30_000);
    return mark === "-" ? [] : [{ at, values: [mark === "X" ? 5 : 1] }];
  });
}

const before = (value: AlarmStateValue): AlarmState => ({
  value,
  reason: "before",
  since: epochMs(END - 3_600_000),
});

type Row = readonly [picture: string, ...states: (AlarmStateValue | "retain")[]];

/** Both editions of the page: rows that either has, columns as there. */
const MODES = ["missing", "ignore", "breaching", "notBreaching"] as const;
const THREE_OF_THREE: readonly Row[] = [
  ["0 - X - X", "OK", "OK", "OK", "OK"],
  ["0 - - - -", "OK", "OK", "OK", "OK"],
  ["- - - - -", "INSUFFICIENT_DATA", "retain", "ALARM", "OK"],
  ["0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"],
  ["- - - - X", "INSUFFICIENT_DATA", "retain", "ALARM", "OK"],
  ["X - - - -", "ALARM", "retain", "ALARM", "OK"],
  ["- - X - -", "ALARM", "retain", "ALARM", "OK"],
];
const TWO_OF_THREE: readonly Row[] = [
  ["0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"],
  ["0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"],
  ["0 - X - -", "OK", "OK", "ALARM", "OK"],
  ["- - - - 0", "OK", "OK", "ALARM", "OK"],
  ["- - - - X", "INSUFFICIENT_DATA", "retain", "ALARM", "OK"],
  ["- - - X -", "ALARM", "retain", "ALARM", "OK"],
];

describe("the documented examples", () => {
  const cases = [
    ...THREE_OF_THREE.map((row) => ({ row, datapointsToAlarm: 3 })),
    ...TWO_OF_THREE.map((row) => ({ row, datapointsToAlarm: 2 })),
  ].flatMap(({ row: [picture, ...states], datapointsToAlarm }) =>
    MODES.map((mode, index) => ({ picture, datapointsToAlarm, mode, expected: states[index] })),
  );

  test.each(cases)(
    "$datapointsToAlarm of 3, $picture, $mode: $expected",
    ({ picture, datapointsToAlarm, mode, expected }) => {
      const definition = rule({ datapointsToAlarm, treatMissingData: mode });
      for (const known of ["OK", "ALARM", "INSUFFICIENT_DATA"] as const) {
        const state = evaluateAlarm(definition, drawn(picture), NOW, before(known));
        expect(state.value).toBe(expected === "retain" ? known : expected);
      }
    },
  );

  test("the figure: an alarm while three in a row are above, OK at the first that is not", () => {
    const values = [1, 2, 4, 5, 4, 2, 2, 1, 4, 1];
    const points = values.map((value, index) => ({
      at: epochMs(END + index * MINUTE),
      values: [value],
    }));
    const states = values.map((_, index) =>
      evaluateAlarm(rule(), points.slice(0, index + 1), epochMs(END + (index + 1) * MINUTE)),
    );
    const rings = states.map(({ value }) => (value === "ALARM" ? "A" : "."));
    expect(rings.join("")).toBe("....A.....");
  });

  test("silence that breaches rings once the whole range is empty, two periods after N", () => {
    const silent = rule({
      statistic: "SampleCount",
      comparison: "LessThanThreshold",
      threshold: 1,
      treatMissingData: "breaching",
    });
    const last = [{ at: epochMs(END - 1), values: [0] }];
    const after = (minutes: number): AlarmStateValue =>
      evaluateAlarm(silent, last, epochMs(NOW + minutes * MINUTE)).value;
    expect([0, 3, 4, 5].map(after)).toEqual(["OK", "OK", "OK", "ALARM"]);
  });
});

describe("periods", () => {
  test("slide with the minute, also when they are longer", () => {
    const quarter = rule({
      statistic: "Sum",
      periodMs: durationMs(15 * MINUTE),
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
    });
    const points = [{ at: epochMs(END - 14 * MINUTE), values: [7] }];
    const at = (minutes: number): (number | undefined)[] =>
      periodValues(quarter, points, epochMs(END + minutes * MINUTE));
    expect(at(0)).toEqual([undefined, undefined, 7]);
    expect(at(1)).toEqual([undefined, undefined, 7]);
    expect(at(2)).toEqual([undefined, 7, undefined]);
  });

  test("begin with their first moment and end before their last; the running minute is not looked at", () => {
    const points = [
      { at: epochMs(END - MINUTE), values: [1] },
      { at: epochMs(END - 1), values: [2] },
      { at: END, values: [100] },
      { at: epochMs(END - MINUTE - 1), values: [3] },
    ];
    expect(periodValues(rule(), points, NOW)).toEqual([undefined, undefined, undefined, 3, 2]);
  });

  test("what is older than the range is not looked at", () => {
    const definition = rule();
    expect(evaluationRangeMs(definition)).toBe(5 * MINUTE);
    const points = [{ at: epochMs(END - evaluationRangeMs(definition) - 1), values: [5] }];
    expect(periodValues(definition, points, NOW).every((value) => value === undefined)).toBe(true);
  });
});

describe("comparisons", () => {
  test.each([
    ["GreaterThanThreshold", [false, false, true]],
    ["GreaterThanOrEqualToThreshold", [false, true, true]],
    ["LessThanThreshold", [true, false, false]],
    ["LessThanOrEqualToThreshold", [true, true, false]],
  ] as const)("%s", (comparison, expected) => {
    const one = rule({ comparison, evaluationPeriods: 1, datapointsToAlarm: 1 });
    const rings = [2, 3, 4].map((value) => {
      const points = [{ at: epochMs(END - 1), values: [value] }];
      return evaluateAlarm(one, points, NOW).value === "ALARM";
    });
    expect(rings).toEqual(expected);
  });
});

describe("a state", () => {
  test("keeps the moment since when, as long as it is the same", () => {
    const first = evaluateAlarm(rule(), drawn("X X X"), NOW);
    const second = evaluateAlarm(rule(), drawn("X X X"), epochMs(NOW + 1_000), first);
    const third = evaluateAlarm(rule(), drawn("0 0 0"), epochMs(NOW + 2_000), second);
    expect([first, second, third].map(({ value, since }) => ({ value, since }))).toEqual([
      { value: "ALARM", since: NOW },
      { value: "ALARM", since: NOW },
      { value: "OK", since: NOW + 2_000 },
    ]);
  });

  test("says the data points that decided", () => {
    const { reason } = evaluateAlarm(rule(), drawn("X X X"), NOW);
    expect(reason).toBe("CollectionLag Maximum 5, 5, 5: 3 of 3 > 3; rings at 3 of 3");
  });

  test("says how much was missing, and how that is treated", () => {
    const definition = rule({ treatMissingData: "notBreaching" });
    expect(evaluateAlarm(definition, drawn("X"), NOW).reason).toBe(
      "CollectionLag Maximum 5: 1 of 1 > 3; 2 missing (notBreaching)",
    );
    expect(evaluateAlarm(definition, [], NOW).reason).toBe(
      "no CollectionLag for 5 periods (notBreaching)",
    );
  });

  test("that is kept but was never known is INSUFFICIENT_DATA", () => {
    const state = evaluateAlarm(rule({ treatMissingData: "ignore" }), [], NOW);
    expect(state.value).toBe("INSUFFICIENT_DATA");
    expect(state.reason).toContain("kept");
  });
});

describe("in general", () => {
  const shapes = fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
    .map(([n, m]) => ({ n, m: Math.min(n, m) }));
  const marks = fc.array(fc.constantFrom("0", "X", "-"), { minLength: 8, maxLength: 8 });

  test("is the verdict that all, or none, of the ways to fill what is missing lead to", () => {
    fc.assert(
      fc.property(shapes, marks, fc.constantFrom(...MODES), ({ n, m }, drawing, mode) => {
        const range = drawing.slice(-(n + 2));
        const definition = rule({
          evaluationPeriods: n,
          datapointsToAlarm: m,
          treatMissingData: mode,
        });
        const state = evaluateAlarm(definition, drawn(range.join(" ")), NOW, before("OK"));
        expect(state.value).toBe(naive(range, n, m, mode, "OK"));
      }),
      { numRuns: 500 },
    );
  });

  test("a range without gaps doesn't ask how missing data is treated", () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), ({ n, m }, x) => {
        const picture = x.map((breaching) => (breaching ? "X" : "0")).join(" ");
        const states = MODES.map(
          (treatMissingData) =>
            evaluateAlarm(
              rule({ evaluationPeriods: n, datapointsToAlarm: m, treatMissingData }),
              drawn(picture),
              NOW,
            ).value,
        );
        expect(new Set(states).size).toBe(1);
        const breaching = x.slice(-n).filter(Boolean).length;
        expect(states[0]).toBe(breaching >= m ? "ALARM" : "OK");
      }),
    );
  });
});

/** The same by trying every way to fill what is missing: as the page tells it, in other words. */
function naive(
  range: readonly string[],
  n: number,
  m: number,
  mode: MissingData,
  known: AlarmStateValue,
): AlarmStateValue {
  const real = range.filter((mark) => mark !== "-").slice(-n);
  const gaps = n - real.length;
  const ringsWith = (fill: string): boolean =>
    [...real, ...Array.from({ length: gaps }, () => fill)].filter((mark) => mark === "X").length >=
    m;
  const [worst, best] = [ringsWith("X"), ringsWith("0")];
  if (best) return "ALARM";
  if (mode === "notBreaching") return "OK";
  if (mode === "breaching") return worst ? "ALARM" : "OK";
  if (gaps === 0 || real.includes("0")) return "OK";
  if (mode === "ignore") return known;
  const age = range.includes("X") ? range.length - range.indexOf("X") : 0;
  return age >= m ? "ALARM" : "INSUFFICIENT_DATA";
}
