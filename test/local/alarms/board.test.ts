import { describe, expect, test } from "vitest";
import { alarmDefinitions } from "#domain/alarm/alarms.ts";
import type { AlarmId, AlarmMetric, Datapoint } from "#domain/alarm/definition.ts";
import { ALARM_SETTINGS_DEFAULT } from "#domain/alarm/thresholds.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import { alarmBoard, type AlarmBoard } from "#local/alarms/board.ts";

const MINUTE = 60_000;
const START = epochMs(Date.parse("2026-11-21T12:00:03Z"));
const DEFINITIONS = alarmDefinitions(ALARM_SETTINGS_DEFAULT);
const minute = (count: number): EpochMs => epochMs(START + count * MINUTE);

/** Everything well, each minute of these. */
const quiet =
  (...minutes: readonly number[]) =>
  (metric: AlarmMetric): Datapoint[] =>
    minutes.map((each) => ({
      at: minute(each),
      values: [metric.name === "Invocations" ? 1 : 0],
    }));
const nothing = (): Datapoint[] => [];

const valuesOf = (board: AlarmBoard): Record<string, string> =>
  Object.fromEntries(board.alarms().map(({ id, value }) => [id, value]));
const SILENT: readonly AlarmId[] = ["RebalancerSilent", "HealthCheckSilent"];

describe("at the start", () => {
  test("nothing is known, in the order of the list", () => {
    const board = alarmBoard(DEFINITIONS, START);
    expect(board.alarms().map(({ id }) => id)).toEqual(DEFINITIONS.map(({ id }) => id));
    expect(new Set(Object.values(valuesOf(board)))).toEqual(new Set(["INSUFFICIENT_DATA"]));
  });

  test("minutes before it don't ring silence, minutes without anything after it do", () => {
    const board = alarmBoard(DEFINITIONS, START);
    const rang = Array.from({ length: 8 }, (_, index) => {
      board.evaluate(minute(index + 1), nothing);
      return SILENT.filter((id) => valuesOf(board)[id] === "ALARM").length;
    });
    expect(rang).toEqual([0, 0, 0, 0, 0, 2, 2, 2]);
  });

  test("the first data point is enough to be well", () => {
    const board = alarmBoard(DEFINITIONS, START);
    board.evaluate(minute(1), quiet(0));
    expect(SILENT.map((id) => valuesOf(board)[id])).toEqual(["OK", "OK"]);
    // Three minutes are looked at, and two of them lie before the start.
    expect(valuesOf(board)["RefusedConfiguration"]).toBe("OK");
  });
});

describe("changes", () => {
  test("are told once, with what they were before and since when they are so", () => {
    const board = alarmBoard(DEFINITIONS, START);
    board.evaluate(minute(1), quiet(0));
    const refused = (metric: AlarmMetric): Datapoint[] =>
      [1, 2, 3, 4].map((each) => ({
        at: minute(each),
        values: [metric.name === "RefusedConfiguration" ? 2 : 1],
      }));
    const only = (metric: AlarmMetric): Datapoint[] =>
      metric.name === "RefusedConfiguration" ? refused(metric) : quiet(0, 1, 2, 3, 4)(metric);
    const changes = [5, 6].map((each) => board.evaluate(minute(each), only));
    expect(changes[0]).toMatchObject([
      {
        from: "OK",
        alarm: { id: "RefusedConfiguration", value: "ALARM", since: minute(5) },
      },
    ]);
    expect(changes[1]).toEqual([]);
    const [rung] = board.alarms().filter(({ value }) => value === "ALARM");
    expect(rung).toMatchObject({ since: minute(5) });
    expect(rung?.reason).toContain("2, 2, 2");
  });

  test("a machine that slept has a start of its own: silence of that time rings nothing", () => {
    const board = alarmBoard(DEFINITIONS, START);
    board.evaluate(minute(1), quiet(0));
    board.evaluate(minute(2), quiet(0, 1));
    board.evaluate(minute(500), quiet(0, 1));
    expect(SILENT.map((id) => valuesOf(board)[id])).toEqual([
      "INSUFFICIENT_DATA",
      "INSUFFICIENT_DATA",
    ]);
    for (let each = 501; each <= 506; each += 1) board.evaluate(minute(each), nothing);
    expect(SILENT.map((id) => valuesOf(board)[id])).toEqual(["ALARM", "ALARM"]);
  });
});
