/** Alarms in `npm start`: lines of the live view, and what is told where there is no screen. */
import { describe, expect, test } from "vitest";
import { alarmTexts } from "#cli/commands/up/alarm-lines.ts";
import { tellEvent } from "#cli/commands/up/events.ts";
import { renderView, type ViewState } from "#cli/commands/up/render.ts";
import { ALARM_IDS, type AlarmId, type AlarmStateValue } from "#domain/alarm/definition.ts";
import { ALARM_TEXTS } from "#domain/alarm/texts.ts";
import { epochMs } from "#domain/units.ts";
import type { AlarmView } from "#local/alarms/board.ts";

const NOON = epochMs(Date.parse("2026-11-21T12:00:00Z"));

const view = (id: AlarmId, value: AlarmStateValue): AlarmView => ({
  id,
  value,
  text: ALARM_TEXTS[id],
  reason: "2 of 2 > 0",
  since: epochMs(NOON - 123_000),
});
const views = (
  states: Partial<Record<AlarmId, AlarmStateValue>>,
  rest: AlarmStateValue = "OK",
): AlarmView[] => ALARM_IDS.map((id) => view(id, states[id] ?? rest));
const texts = (alarms: readonly AlarmView[]): readonly string[] =>
  alarmTexts(alarms, NOON).map(({ text }) => text);

describe("the alarms in a line or two", () => {
  test("say that none rings, and when nothing is known yet", () => {
    expect(texts(views({}))).toEqual(["alarms: none"]);
    expect(texts(views({}, "INSUFFICIENT_DATA"))).toEqual(["alarms: not evaluated yet"]);
    expect(texts(views({ Overload: "INSUFFICIENT_DATA" }))).toEqual([
      "alarms: none; 1 of 13 without data",
    ]);
    expect(texts([])).toEqual([]);
  });

  test("say what rings, since when, and what it means", () => {
    expect(texts(views({ OrphanedSlots: "ALARM" }))).toEqual([
      `alarm OrphanedSlots for 2m 3s: ${ALARM_TEXTS.OrphanedSlots.meaning}`,
    ]);
  });

  test("never take more than two lines: the most urgent, then the names of the others", () => {
    const two = views({ Overload: "ALARM", CollectionLag: "ALARM" });
    expect(texts(two).map((text) => text.slice(0, 24))).toEqual([
      "alarm CollectionLag for ",
      "alarm Overload for 2m 3s",
    ]);
    const all = texts(views({}, "ALARM"));
    expect(all).toHaveLength(2);
    expect(all[1]).toMatch(/^… and OrphanedSlots, .*HealthCheckErrors \(`lamplighter alarms`\)$/u);
  });

  test("stand below the fleet, and leave room for the rest", () => {
    const state: ViewState = {
      pool: "default",
      data: ".lamplighter",
      now: NOON,
      startedAt: NOON,
      counts: { total: 0, up: 0, down: 0, slow: 0, waiting: 0 },
      rows: [],
      rate: { captures: 0, failed: 0 },
      alarms: views({ RebalancerSilent: "ALARM" }),
      notes: [],
    };
    const size = { columns: 100, rows: 12 };
    const lines = renderView(state, size, (style, text) => `<${style}>${text}`).split("\n");
    expect(lines.at(-1)).toMatch(/^<red>alarm RebalancerSilent for 2m 3s: The rebalancer .*…$/u);
    expect(lines.at(-2)).toContain("captures/s");
  });
});

describe("what is told of an alarm", () => {
  const change = (from: AlarmStateValue, to: AlarmStateValue): ReturnType<typeof tellEvent> =>
    tellEvent({ kind: "alarm", from, forMs: 125_000, alarm: view("DeadLetters", to) });

  test("is that it rings, with its meaning and what decided, and that it is over", () => {
    expect(change("OK", "ALARM")).toEqual({
      level: "error",
      text: `alarm DeadLetters: ${ALARM_TEXTS.DeadLetters.meaning} (2 of 2 > 0)`,
    });
    expect(change("ALARM", "OK")).toEqual({
      level: "info",
      text: "alarm DeadLetters is over after 2m 5s",
    });
    expect(change("ALARM", "INSUFFICIENT_DATA")?.text).toBe(
      "alarm DeadLetters has no data any more after 2m 5s",
    );
  });

  test("is not that data comes or goes: at the start every alarm does that", () => {
    expect(change("INSUFFICIENT_DATA", "OK")).toBeUndefined();
    expect(change("OK", "INSUFFICIENT_DATA")).toBeUndefined();
  });
});
