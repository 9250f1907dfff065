import { describe, expect, test } from "vitest";
import { systemClock } from "#adapters/system/clock.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { jsonLog } from "#adapters/system/log.ts";
import { settableClock } from "#test/support/settable-clock.ts";

describe("ids", () => {
  test("are 22 safe characters, and no two are the same", () => {
    const ids = systemIds();
    const drawn = Array.from({ length: 2_000 }, (_, i) =>
      i % 2 === 0 ? ids.owner() : ids.stamp(),
    );
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(drawn.filter((id) => !/^[A-Za-z0-9_-]{22}$/u.test(id))).toEqual([]);
  });
});

describe("the system's clock", () => {
  test("shows the wall clock's time", () => {
    const before = Date.now();
    const now = systemClock().now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  test("an alarm fires once, one that is cancelled never, and one in the past at once", async () => {
    const clock = systemClock();
    const fired: string[] = [];
    const cancel = clock.after(1, () => fired.push("cancelled"));
    cancel();
    clock.after(-5, () => fired.push("past"));
    const far = clock.after(Number.MAX_SAFE_INTEGER, () => fired.push("far"));
    await new Promise<void>((resolve) => clock.after(20, resolve));
    far();
    expect(fired).toEqual(["past"]);
  });
});

describe("the log", () => {
  function logged(level?: "debug" | "error"): {
    readonly lines: string[];
    readonly log: ReturnType<typeof jsonLog>;
  } {
    const lines: string[] = [];
    const log = jsonLog({
      clock: settableClock("2026-11-21T13:00:00Z"),
      ...(level !== undefined && { level }),
      context: { lease: "0007" },
      write: (line) => lines.push(line),
    });
    return { lines, log };
  }

  test("is one JSON line an event, with its moment, level, context and fields", () => {
    const { lines, log } = logged();
    log.warn("lease-lost", { epoch: 4, note: "two\nlines" });
    expect(lines.join("")).toMatch(/^[^\n]*\n$/u);
    expect(JSON.parse(lines.join(""))).toEqual({
      at: "2026-11-21T13:00:00.000Z",
      level: "warn",
      event: "lease-lost",
      lease: "0007",
      epoch: 4,
      note: "two\nlines",
    });
  });

  test("leaves out what is below its level: debug by default", () => {
    const { lines, log } = logged();
    log.debug("a");
    log.info("b");
    expect(lines.length).toBe(1);
    const quiet = logged("error");
    quiet.log.warn("a");
    quiet.log.error("b");
    expect(quiet.lines.length).toBe(1);
  });

  test("shows an error with its cause", () => {
    const { lines, log } = logged();
    log.error("failed", { error: new TypeError("outer", { cause: new Error("inner") }) });
    expect(JSON.parse(lines.join(""))).toMatchObject({
      error: { name: "TypeError", message: "outer", cause: { message: "inner" } },
    });
  });

  test("never throws, whatever it is given", () => {
    const { lines, log } = logged();
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    log.info("cycle", cycle);
    log.info("big", { count: 10n });
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
      "cycle",
      "big",
    ]);
  });
});
