import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { deadlines, UNSET, type Entry } from "#adapters/http/deadlines.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

function entry(onExpire: () => void = () => undefined): Entry & { expiredAt: number[] } {
  const expiredAt: number[] = [];
  return {
    dueAt: 0,
    bucket: UNSET,
    previousEntry: undefined,
    nextEntry: undefined,
    expiredAt,
    expire: () => {
      expiredAt.push(performance.now());
      onExpire();
    },
  };
}

describe("deadlines", () => {
  it("expire once, not before their time and at most a tick after it", () => {
    const wheel = deadlines();
    const begin = performance.now();
    const spans = [1, 19, 20, 21, 500, 1_234, 60_000, 90_000, 200_000];
    const entries = spans.map((span) => {
      const one = entry();
      wheel.set(one, begin + span);
      return one;
    });
    vi.advanceTimersByTime(300_000);
    for (const [index, span] of spans.entries()) {
      const [at = Number.NaN, ...more] = entries[index]?.expiredAt ?? [];
      expect(more).toEqual([]);
      expect(at - begin).toBeGreaterThanOrEqual(span);
      expect(at - begin).toBeLessThanOrEqual(span + 40);
    }
    expect(wheel.size()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("that are cleared or moved keep to that", () => {
    const wheel = deadlines();
    const [gone, moved, neighbour] = [entry(), entry(), entry()];
    const now = performance.now();
    for (const one of [gone, moved, neighbour]) wheel.set(one, now + 100);
    wheel.clear(gone);
    wheel.clear(gone);
    wheel.set(moved, now + 1_000);
    vi.advanceTimersByTime(500);
    expect([gone, moved, neighbour].map(({ expiredAt }) => expiredAt.length)).toEqual([0, 0, 1]);
    vi.advanceTimersByTime(600);
    expect(moved.expiredAt).toHaveLength(1);
  });

  it("may clear and set others while they expire", () => {
    const wheel = deadlines();
    const now = performance.now();
    const others = [entry(), entry(), entry()];
    const first = entry(() => {
      for (const other of others) wheel.clear(other);
      wheel.set(first, performance.now() + 50);
    });
    for (const other of others) wheel.set(other, now + 100);
    wheel.set(first, now + 100);
    vi.advanceTimersByTime(120);
    expect(first.expiredAt).toHaveLength(1);
    expect(others.flatMap(({ expiredAt }) => expiredAt)).toEqual([]);
    wheel.clear(first);
    expect(wheel.size()).toBe(0);
  });

  it("wait one tick more after a stall, so that answers which lie unread are read first", () => {
    const wheel = deadlines();
    const one = entry();
    wheel.set(one, performance.now() + 100);
    vi.advanceTimersByTime(40);
    // The process stands still for ten seconds: no tick comes, then one.
    const { now } = performance;
    vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + 10_000);
    vi.advanceTimersByTime(20);
    expect(one.expiredAt).toEqual([]);
    vi.advanceTimersByTime(20);
    expect(one.expiredAt).toHaveLength(1);
  });
});
