import { describe, expect, it } from "vitest";
import { cadenceKey, every } from "#domain/cadence.ts";
import type { SampleRecord } from "#domain/sample.ts";
import type { Slot } from "#domain/slot.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import { viewModel, type TargetChange, type ViewModel } from "#local/view/model.ts";
import type { TargetState, TargetStatus } from "#usecases/status.ts";

const NOON = Date.parse("2026-11-21T12:00:00Z");
const SLOT = 3 as Slot;
const MINUTE = every(60_000);

function sample(target: string, second: number, error?: string, tookMs = 20): SampleRecord {
  return {
    kind: "sample",
    target,
    slot: SLOT,
    cadence: cadenceKey(MINUTE),
    epoch: 1,
    capture: {
      startedAt: epochMs(NOON + second * 1_000),
      durationMs: durationMs(tookMs),
      values: {},
      ...(error !== undefined && { failure: { code: "assertion", message: error } }),
    },
  };
}

function status(id: string, state: TargetState = { kind: "waiting" }): TargetStatus {
  const target = {
    id,
    pool: "default",
    probe: { kind: "noop" },
    cadence: MINUTE,
    tags: {},
    revision: "r",
    registeredAt: epochMs(NOON),
  } as const;
  return { target, slot: SLOT, state };
}

const now = epochMs(NOON + 100_000);

function watched(): { model: ViewModel; changes: TargetChange[] } {
  const changes: TargetChange[] = [];
  return { model: viewModel((change) => changes.push(change)), changes };
}

describe("the view's model", () => {
  it("tells a target that goes down and up again, each once, with how long it lasted", () => {
    const { model, changes } = watched();
    for (const [second, error] of [
      [0],
      [5],
      [10, "found 503"],
      [15, "found 500"],
      [20],
      [25],
    ] as const) {
      model.seeSample(sample("a", second, error));
    }
    expect(changes).toMatchObject([
      { id: "a", from: "up", to: "down", lastedMs: 10_000, error: "found 503" },
      { id: "a", from: "down", to: "up", lastedMs: 10_000, error: "found 500" },
    ]);
    expect(model.rows(10)).toMatchObject([
      { kind: "up", since: NOON + 20_000, error: "found 500" },
    ]);
  });

  it("tells a target that is down when it is first seen, and not one that is up", () => {
    const { model, changes } = watched();
    model.seeSample(sample("up", 0));
    model.seeSample(sample("down", 0, "found 503"));
    expect(changes).toMatchObject([{ id: "down", from: "waiting", to: "down" }]);
  });

  it("lets a newer capture count, in whatever order they come", () => {
    const { model } = watched();
    model.seeSample(sample("a", 10));
    model.seeSample(sample("a", 5, "found 503"));
    expect(model.rows(1)).toMatchObject([{ kind: "up" }]);
  });

  it("keeps since when a stored result told it, and takes the words from the sample", () => {
    const { model } = watched();
    const since = epochMs(NOON - 3_600_000);
    const down = { kind: "down", since, durationMs: durationMs(8), failure: "connect" } as const;
    model.seeSlot(SLOT, [status("a", down)], now);
    expect(model.rows(1)).toMatchObject([{ kind: "down", since, error: "connect" }]);
    model.seeSample(sample("a", 5, "connection refused by 127.0.0.1"));
    expect(model.rows(1)).toMatchObject([{ since, error: "connection refused by 127.0.0.1" }]);
  });

  it("shows targets that were never captured as waiting, and drops those that are gone", () => {
    const { model } = watched();
    model.seeSlot(SLOT, [status("a"), status("b")], now);
    expect(model.counts()).toEqual({ total: 2, up: 0, down: 0, slow: 0, waiting: 2 });
    model.seeSample(sample("gone", 1));
    model.seeSlot(SLOT, [status("b")], now);
    expect(model.rows(10)).toEqual([{ kind: "waiting", id: "b" }]);
  });

  it("puts those down first, the newest before, then slow ones, then the others by name", () => {
    const { model } = watched();
    model.seeSlot(SLOT, [status("waiting")], now);
    model.seeSample(sample("b-up", 1));
    model.seeSample(sample("a-up", 1));
    model.seeSample(sample("slow", 1, undefined, 1_500));
    model.seeSample(sample("old-down", 1, "x"));
    model.seeSample(sample("new-down", 2, "x"));
    expect(model.rows(10).map(({ id }) => id)).toEqual(["new-down", "old-down", "slow", "a-up", "b-up", "waiting"]); // prettier-ignore
    expect(model.rows(2).map(({ id }) => id)).toEqual(["new-down", "old-down"]);
    expect(model.counts()).toEqual({ total: 6, up: 3, down: 2, slow: 1, waiting: 1 });
  });

  it("counts captures a second over ten seconds, the last two of which are still on their way", () => {
    const { model } = watched();
    for (let second = 0; second < 20; second += 1) {
      model.seeSample(sample("a", second));
      model.seeSample(sample("b", second, "x"));
    }
    expect(model.rate(epochMs(NOON + 20_000))).toEqual({ captures: 2, failed: 1 });
    expect(model.rate(epochMs(NOON + 60_000))).toEqual({ captures: 0, failed: 0 });
  });
});
