import { describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { renderView, type Paint, type ViewState } from "#cli/commands/up/render.ts";
import { displayWidth } from "#cli/output/display.ts";
import { epochMs } from "#domain/units.ts";
import type { CollectorView } from "#local/view/collectors.ts";
import type { TargetRow } from "#local/view/model.ts";

const NOON = Date.parse("2026-11-21T12:00:00Z");
const plain: Paint = (_style, text) => text;

function row(
  id: string,
  changes: Partial<Extract<TargetRow, { kind: "up" | "down" }>> = {},
): TargetRow {
  const lastAt = epochMs(NOON - 1_000);
  return { kind: "up", id, since: epochMs(NOON - 65_000), lastAt, durationMs: 12, ...changes };
}

const STATE: ViewState = {
  pool: "default",
  data: ".lamplighter",
  now: epochMs(NOON),
  startedAt: epochMs(NOON - 192_000),
  counts: { total: 4, up: 2, down: 1, slow: 1, waiting: 1 },
  rows: [
    row("demo/failing", { kind: "down", durationMs: 5, error: "status 200-299: found 503" }),
    row("demo/slow", { durationMs: 1_234 }),
    row("demo/healthy", { error: "found 500" }),
    { kind: "waiting", id: "demo/new" },
  ],
  rate: { captures: 1.4, failed: 0.5 },
  fleet: {
    desired: 2,
    running: 1,
    lagMs: 12_000,
    waiting: 3,
    missed: 2,
    lateness99Ms: 15,
    collectors: [
      { lease: "0001", state: "running", owner: "Wr12BM_0abcdef", slots: 32, ranges: ["00000000-80000000"], lagMs: 3, waiting: 3, giving: 0, died: 0 }, // prettier-ignore
      { lease: "0002", state: "overdue", slots: 32, ranges: ["80000000-100000000"], lagMs: 12_000, waiting: 0, giving: 0, died: 0 }, // prettier-ignore
    ],
  },
  alarms: [],
  notes: [{ level: "error", text: "web.yml:3:1: found a tab, expected spaces" }],
};

describe("the live view", () => {
  it("shows targets first, then how the fleet keeps up, then who captures what", () => {
    expect(renderView(STATE, { columns: 110, rows: 24 }, plain).split("\n")).toEqual([
      "lamplighter  pool default, .lamplighter, for 3m 12s                       Ctrl-C stops in order, twice at once",
      "",
      "STATE    TARGET           SINCE      TOOK  LAST ERROR",
      "down     demo/failing     1m 5s    5.0 ms  status 200-299: found 503",
      "slow     demo/slow        1m 5s     1.2 s",
      "up       demo/healthy     1m 5s     12 ms  found 500",
      "waiting  demo/new",
      "",
      "4 targets: 2 up, 1 down, 1 slow, 1 waiting",
      "1.4 captures/s (0.5 failed); lag 12s; starts p99 within 15 ms; 2 missed in the last minute; 3 late or first c…",
      "  lease 0001  running  Wr12BM_0  lag 3 ms       32 slots  00000000-80000000  (3 waiting)",
      "  lease 0002  overdue            lag 12s        32 slots  80000000-100000000",
      "",
      "web.yml:3:1: found a tab, expected spaces",
    ]);
  });

  it("shows what is quarantined first, and when it is tried again", () => {
    const running = STATE.fleet?.collectors[0];
    if (STATE.fleet === undefined || running === undefined) throw new Error("no fleet");
    const quarantinedUntil = epochMs(STATE.now + 125_000);
    const shut: CollectorView = { lease: "0020", state: "quarantined", slots: 1, ranges: ["80000000-84000000"], lagMs: 12_000, waiting: 0, giving: 0, died: 3, quarantinedUntil }; // prettier-ignore
    const collectors = [...Array.from({ length: 12 }, () => running), shut];
    const text = renderView(
      { ...STATE, fleet: { ...STATE.fleet, collectors } },
      { columns: 130, rows: 24 },
      plain,
    );
    expect(text).toContain(
      "  lease 0020  quarantined            lag 12s         1 slots  80000000-84000000  (3 died, tried again in 2m 5s)",
    );
  });

  it("says how many targets don't fit", () => {
    const rows = Array.from({ length: 50 }, (_, index) => row(`t${index}`));
    const counts = { total: 5_000, up: 5_000, down: 0, slow: 0, waiting: 0 };
    const lines = renderView(
      { ...STATE, rows, counts, notes: [] },
      { columns: 80, rows: 20 },
      plain,
    );
    expect(lines).toContain("\n… and 4989 more\n");
    expect(lines.split("\n")).toHaveLength(20);
  });

  it("shows what comes from outside without acting on it", () => {
    const rows = [row("evil\u001B[2Jid", { kind: "down", error: "line\nbreak" })];
    const text = renderView({ ...STATE, rows }, { columns: 110, rows: 24 }, plain);
    expect(text).toContain("evil\\u{1b}[2Jid");
    expect(text).toContain("line\\nbreak");
  });

  it("colours without changing what is cut", () => {
    const painted = renderView(
      STATE,
      { columns: 40, rows: 24 },
      (style, text) => `<${style}>${text}</>`,
    );
    const bare = painted.replaceAll(/<[a-z]*>|<\/>/gu, "");
    expect(bare).toBe(renderView(STATE, { columns: 40, rows: 24 }, plain));
  });

  it("before anything is known says so", () => {
    const { fleet: _unknown, ...rest } = STATE;
    const counts = { total: 0, up: 0, down: 0, slow: 0, waiting: 0 };
    const empty = { ...rest, rows: [], counts, notes: [] };
    expect(renderView(empty, { columns: 80, rows: 24 }, plain)).toContain("no targets yet");
  });

  it("fits every terminal, whatever it shows", () => {
    const id = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 });
    const rows = fc.array(
      fc.record({
        id,
        kind: fc.constantFrom("up", "down"),
        error: id,
        durationMs: fc.nat(100_000),
      }),
      { maxLength: 60 },
    );
    const size = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) }); // prettier-ignore
    fc.assert(
      fc.property(rows, size, id, (made, { columns, rows: height }, text) => {
        const state: ViewState = {
          ...STATE,
          rows: made.map(({ id: name, kind, error, durationMs }) =>
            row(name, { kind: kind === "up" ? "up" : "down", error, durationMs }),
          ),
          counts: { ...STATE.counts, total: made.length },
          notes: [{ level: "warn", text }],
        };
        const lines = renderView(state, { columns, rows: height }, plain).split("\n");
        expect(lines.length).toBeLessThanOrEqual(height);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      }),
    );
  });
});
