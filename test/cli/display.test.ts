import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CliOutput } from "#cli/io.ts";
import { displayWidth, pad, printable, shorten } from "#cli/output/display.ts";
import { formatDistance, formatLatency, formatPercent, formatSpan } from "#cli/output/moment.ts";
import { table, type Column } from "#cli/output/table.ts";
import { epochMs } from "#domain/units.ts";

describe("a text on the terminal", () => {
  test("is as wide as its columns, not as its characters", () => {
    expect(displayWidth("abc")).toBe(3);
    expect(displayWidth("日本")).toBe(4);
    expect(displayWidth("e\u0301")).toBe(1);
    expect(displayWidth("👩‍👩‍👧")).toBe(2);
  });

  test("keeps no character that a terminal acts on", () => {
    expect(printable("a\u001b[31mb\nc\u202ed")).toBe("a\\u{1b}[31mb\\nc\\u{202e}d");
  });

  test("is cut to its columns, with an ellipsis only where something is gone", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.integer({ min: 1, max: 30 }),
        (text, columns) => {
          const shown = printable(text);
          const cut = shorten(shown, columns);
          expect(displayWidth(cut)).toBeLessThanOrEqual(columns);
          if (displayWidth(shown) <= columns) expect(cut).toBe(shown);
          else expect(cut.endsWith("…")).toBe(true);
        },
      ),
    );
  });

  test("is padded to its columns on either side", () => {
    expect(pad("日", 4, "left")).toBe("日  ");
    expect(pad("7", 3, "right")).toBe("  7");
  });
});

describe("a table", () => {
  const columns: readonly Column[] = [
    { title: "ID", shrinkTo: 4 },
    { title: "N", align: "right" },
    { title: "NOTE", shrinkTo: 4 },
  ];

  function output(lineMax: number | undefined): CliOutput & { readonly lines: () => string[] } {
    let text = "";
    return {
      write(more) {
        text += more;
        return Promise.resolve();
      },
      style: (_style, shown) => shown,
      isTerminal: false,
      columns: lineMax,
      lines: () => text.split("\n").slice(0, -1),
    };
  }

  test("is as wide as what is in it where lines have no end", async () => {
    const out = output(undefined);
    await table(columns, out).write([["a".repeat(50), "1", "x"]]);
    expect(out.lines()).toEqual([`${"ID".padEnd(50)}  N  NOTE`, `${"a".repeat(50)}  1  x`]);
  });

  test("has no line longer than the terminal's, and cuts the widest first", async () => {
    const out = output(20);
    await table(columns, out).write([["a".repeat(50), "123", "short"]]);
    expect(out.lines()).toEqual(["ID          N  NOTE", "aaaaaaa…  123  short"]);
  });

  test("writes its titles once, and keeps its widths from page to page", async () => {
    const out = output(undefined);
    const rows = table(columns, out);
    await rows.write([["abcdef", "11", "x"]]);
    await rows.write([["b", "2", "y"]]);
    await rows.write([]);
    expect(out.lines()).toEqual(["ID       N  NOTE", "abcdef  11  x", "b        2  y"]);
  });

  test("shifts only the row that is wider than its page's first, where nothing is cut", async () => {
    const out = output(undefined);
    const rows = table(columns, out);
    await rows.write([["abc", "1", "x"]]);
    await rows.write([
      ["abcdef", "1", "y"],
      ["b", "2", "z"],
    ]);
    expect(out.lines()).toEqual(["ID   N  NOTE", "abc  1  x", "abcdef  1  y", "b    2  z"]);
  });

  test("cuts later rows to the widths of the first page on a terminal", async () => {
    const out = output(20);
    const rows = table(columns, out);
    await rows.write([["a".repeat(50), "1", "short"]]);
    await rows.write([
      ["b".repeat(50), "2", "longer"],
      ["c".repeat(50), "12345", "short"],
    ]);
    expect(out.lines()).toEqual([
      "ID          N  NOTE",
      "aaaaaaaaa…  1  short",
      "bbbbbbbbb…  2  long…",
      "ccccc…  12345  short",
    ]);
  });

  test("leaves room for what is known to come", async () => {
    const out = output(undefined);
    const rows = table([{ title: "S", least: 4 }, { title: "N" }], out);
    await rows.write([["up", "1"]]);
    await rows.write([["down", "2"]]);
    expect(out.lines()).toEqual(["S     N", "up    1", "down  2"]);
  });
});

describe("numbers for people", () => {
  test.each([
    [0, "0s"],
    [59_999, "59s"],
    [125_000, "2m 5s"],
    [3_600_000, "1h"],
    [90_061_000, "1d 1h"],
  ])("a span of %d ms is %s", (span, text) => {
    expect(formatSpan(span)).toBe(text);
  });

  test("a distance says its direction", () => {
    const now = epochMs(1_000_000);
    expect(formatDistance(epochMs(1_005_000), now)).toBe("in 5s");
    expect(formatDistance(epochMs(940_000), now)).toBe("1m ago");
    expect(formatDistance(now, now)).toBe("now");
  });

  test("a share that is not whole is never shown as 100 %", () => {
    expect(formatPercent(1)).toBe("100 %");
    expect(formatPercent(0.99999)).toBe("99.99 %");
    expect(formatPercent(0.5)).toBe("50.00 %");
    expect(formatPercent(0)).toBe("0.00 %");
  });

  test.each([
    [0.43, "0.4 ms"],
    [12.4, "12 ms"],
    [1_340, "1.3 s"],
    [10_000, "10 s"],
  ])("%d ms is %s", (ms, text) => {
    expect(formatLatency(ms)).toBe(text);
  });
});
