import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { rebalanceEvent } from "#functions/rebalance/event.ts";
import {
  ANSWER_BEFORE_MS,
  withDefaults,
  type Invocation,
} from "#functions/shared/with-defaults.ts";
import { lambdaContext } from "#test/support/lambda-context.ts";

type Event = { readonly pool?: string | undefined };

const defaults = {
  name: "rebalance",
  event: rebalanceEvent,
  pool: "default",
  level: "info",
  stopBeforeMs: 3_000,
} as const;

let lines: Record<string, unknown>[];

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-21T13:00:00Z") });
  lines = [];
  vi.spyOn(process.stderr, "write").mockImplementation((line) => {
    lines.push(JSON.parse(String(line)) as Record<string, unknown>);
    return true;
  });
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Ends when it is told to stop. */
function untilStopped({ stop }: Invocation<Event>): Promise<string> {
  return new Promise((resolve) => stop.addEventListener("abort", () => resolve("wound up")));
}

describe("withDefaults", () => {
  it("hands over the parsed event, the pool and the deadline", async () => {
    const handler = withDefaults(defaults, (invocation) => {
      const { event, pool, deadlineAt, stop } = invocation;
      return Promise.resolve({ event, pool, deadlineAt, aborted: stop.aborted });
    });
    expect(await handler({ pool: "vpc-1" }, lambdaContext({ leftMs: 10_000 }))).toEqual({
      event: { pool: "vpc-1" },
      pool: "vpc-1",
      deadlineAt: Date.parse("2026-11-21T13:00:10Z"),
      aborted: false,
    });
  });

  it("logs once at the end, with context, result and the time of each step", async () => {
    const handler = withDefaults(defaults, async ({ steps }) => {
      await steps.measure("read", () => Promise.resolve());
      return { moves: 2 };
    });
    await handler({}, lambdaContext());
    expect(lines).toHaveLength(1);
    const [line] = lines;
    expect(line).toMatchObject({
      event: "finished",
      function: "rebalance",
      pool: "default",
      requestId: "request-1",
      result: { moves: 2 },
    });
    expect(line?.["durationMs"]).toBeTypeOf("number");
    expect(Object.keys(line?.["steps"] ?? {})).toEqual(["read"]);
  });

  it("logs an error once and lets it through", async () => {
    const handler = withDefaults(defaults, () =>
      Promise.reject(new Error("broken", { cause: new Error("deeper") })),
    );
    await expect(handler({}, lambdaContext())).rejects.toThrow("broken");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "error",
      event: "failed",
      error: { message: "broken", cause: { message: "deeper" } },
    });
  });

  it("refuses an event that it doesn't know, before anything is done", async () => {
    const run = vi.fn(() => Promise.resolve(1));
    await expect(withDefaults(defaults, run)({ pol: "x" }, lambdaContext())).rejects.toThrow(
      'event: found unknown "pol"',
    );
    expect(run).not.toHaveBeenCalled();
    expect(lines).toHaveLength(1);
  });

  it("asks for an end some seconds before the deadline", async () => {
    const running = withDefaults(defaults, untilStopped)({}, lambdaContext({ leftMs: 10_000 }));
    await vi.advanceTimersByTimeAsync(6_999);
    expect(lines).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await running).toBe("wound up");
  });

  it("asks for an end when the platform drains", async () => {
    const drain = new AbortController();
    const running = withDefaults(defaults, untilStopped)(
      {},
      lambdaContext({ lamplighterStop: drain.signal }),
    );
    await vi.advanceTimersByTimeAsync(100);
    drain.abort();
    expect(await running).toBe("wound up");
  });

  it("gives the answer by force before the platform kills", async () => {
    // middy's own timer is a real one: what is left is what it keeps free, so it fires at once.
    const running = withDefaults(defaults, () => new Promise(() => undefined))(
      {},
      lambdaContext({ leftMs: ANSWER_BEFORE_MS }),
    );
    await expect(running).rejects.toThrow("rebalance did not end by itself");
    expect(lines).toHaveLength(1);
  });
});
