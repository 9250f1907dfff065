import { describe, expect, it } from "vitest";
import { tellChange, tellEvent, tellFleet } from "#cli/commands/up/events.ts";
import { epochMs } from "#domain/units.ts";
import type { CollectorView, FleetView } from "#local/view/collectors.ts";

function fleet(changes: Partial<CollectorView>): FleetView {
  const collector = { lease: "0001", state: "running", owner: "abcdefghijk", slots: 32, ranges: [], lagMs: 0, waiting: 0, giving: 0, died: 0 } as const; // prettier-ignore
  return {
    desired: 1,
    running: 1,
    lagMs: 0,
    waiting: 0,
    missed: 0,
    collectors: [{ ...collector, ...changes }],
  };
}

describe("what is told of a system", () => {
  it("names a target that changed, why and after how long", () => {
    const change = { id: "a", at: epochMs(0), lastedMs: 65_000 } as const;
    expect(tellChange({ ...change, from: "up", to: "down", error: "found 503" })).toEqual({ level: "error", text: "a is down after 1m 5s up: found 503" }); // prettier-ignore
    expect(tellChange({ ...change, from: "waiting", to: "down", error: "x" }).text).toBe(
      "a is down: x",
    );
    expect(tellChange({ ...change, from: "down", to: "up" }).text).toBe(
      "a is up again after 1m 5s",
    );
  });

  it("names a lease that changed hands, and says nothing of one that didn't", () => {
    expect(tellFleet(undefined, fleet({}))).toMatchObject([{ text: "collector abcdefgh has lease 0001, 32 slots" }]); // prettier-ignore
    expect(tellFleet(fleet({}), fleet({ lagMs: 5 }))).toEqual([]);
    expect(tellFleet(fleet({}), fleet({ owner: "other-owner" }))).toHaveLength(1);
    expect(tellFleet(fleet({}), fleet({ state: "idle" }))).toMatchObject([{ level: "info", text: "lease 0001 was released" }]); // prettier-ignore
    expect(tellFleet(fleet({}), fleet({ state: "expired" }))).toMatchObject([{ level: "warn" }]);
  });

  it("is silent about what works, and puts a function's error in words", () => {
    const invocation = { kind: "invocation-ended", name: "collect", requestId: "r", pid: 1, attempt: 1, durationMs: 1 } as const; // prettier-ignore
    expect(tellEvent({ ...invocation, outcome: "succeeded" })).toBeUndefined();
    expect(tellEvent({ ...invocation, outcome: "timed-out", error: "timed out after 900000 ms" })).toMatchObject({ level: "warn", text: "collect timed-out: timed out after 900000 ms" }); // prettier-ignore
    const log = {
      kind: "function-log",
      name: "collect",
      pid: 1,
      text: "late-chunk: no answer",
    } as const;
    expect(tellEvent({ ...log, level: "error" })?.text).toBe("collect: late-chunk: no answer");
    expect(tellEvent({ ...log, level: "info" })).toBeUndefined();
  });

  it("tells of an invocation that failed once, though its function logs that, too", () => {
    const logged = { kind: "function-log", name: "collect", pid: 1, level: "error" } as const;
    const ended = { kind: "invocation-ended", name: "collect", requestId: "r", pid: 1, attempt: 1, durationMs: 1, outcome: "failed", error: "InvalidInputError: event pool: found nothing" } as const; // prettier-ignore
    expect(tellEvent({ ...logged, text: "failed: event pool: found nothing" })).toBeUndefined();
    expect(tellEvent({ ...logged, text: "failed" })).toBeUndefined();
    const why = "failed once, and is not repeated: InvalidInputError: event pool: found nothing";
    expect(tellEvent({ kind: "invocation-dropped", name: "rebalance", why })).toBeUndefined();
    const often = {
      kind: "invocation-dropped",
      name: "collect",
      why: "failed 3 times: x",
    } as const;
    expect(tellEvent(often)).toEqual({ level: "warn", text: "an invocation of collect is dropped: failed 3 times: x" }); // prettier-ignore
    const late = {
      ...often,
      name: "rebalance",
      why: "waited too long for a free process",
    } as const;
    expect(tellEvent(late)?.text).toContain("waited too long");
    expect(tellEvent(ended)).toEqual({ level: "error", text: "collect failed: InvalidInputError: event pool: found nothing" }); // prettier-ignore
  });
});
