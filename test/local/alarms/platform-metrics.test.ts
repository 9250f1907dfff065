import { describe, expect, test } from "vitest";
import type { Datapoint } from "#domain/alarm/definition.ts";
import { statisticOf } from "#domain/alarm/statistic.ts";
import { epochMs } from "#domain/units.ts";
import type { CloudEvent, InvocationOutcome } from "#local/events.ts";
import { platformMetrics, type PlatformMetrics } from "#local/alarms/platform-metrics.ts";
import { localLimits } from "#local/local-limits.ts";
import type { FunctionName } from "#functions/manifest.ts";

const NOON = epochMs(Date.parse("2026-11-21T12:00:00Z"));
const MINUTE = 60_000;

const ended = (name: FunctionName, outcome: InvocationOutcome, durationMs: number): CloudEvent => ({
  kind: "invocation-ended",
  name,
  requestId: "r",
  pid: 1,
  attempt: 1,
  outcome,
  durationMs,
});
const dropped: CloudEvent = { kind: "invocation-dropped", name: "collect", why: "failed 3 times" };

function at(offsetMs: number): { readonly now: typeof NOON } {
  return { now: epochMs(NOON + offsetMs) };
}

const sums = (points: readonly Datapoint[]): Record<number, number | undefined> =>
  Object.fromEntries(
    points.map((point) => [(point.at - NOON) / MINUTE, statisticOf("Sum", [point])]),
  );

const lambda = (
  metrics: PlatformMetrics,
  name: "Errors" | "Invocations",
  its: FunctionName,
  now = NOON,
): Record<number, number | undefined> =>
  sums(
    metrics.datapoints(
      { namespace: "AWS/Lambda", name, of: { kind: "function", function: its } },
      now,
    ),
  );

describe("invocations and errors of a function", () => {
  test("are dated by the minute in which the invocation began, and known once it has ended", () => {
    const metrics = platformMetrics();
    metrics.see(ended("rebalance", "succeeded", 125_000), at(2.5 * MINUTE).now);
    metrics.see(ended("rebalance", "failed", 10), at(2.6 * MINUTE).now);
    metrics.see(ended("rebalance", "succeeded", 10), at(2.7 * MINUTE).now);
    expect(lambda(metrics, "Invocations", "rebalance")).toEqual({ 0: 1, 2: 2 });
    expect(lambda(metrics, "Errors", "rebalance")).toEqual({ 0: 0, 2: 1 });
    expect(lambda(metrics, "Invocations", "collect")).toEqual({});
  });

  test("a time-out and a kill are errors; being stopped with the cloud is not an invocation", () => {
    const metrics = platformMetrics();
    for (const outcome of ["timed-out", "killed", "stopped"] as const) {
      metrics.see(ended("collect", outcome, 0), NOON);
    }
    expect(lambda(metrics, "Invocations", "collect")).toEqual({ 0: 2 });
    expect(lambda(metrics, "Errors", "collect")).toEqual({ 0: 2 });
  });

  test("older than any alarm looks are forgotten", () => {
    const metrics = platformMetrics();
    metrics.see(ended("collect", "failed", 0), NOON);
    metrics.see(ended("collect", "failed", 0), at(24 * 60 * MINUTE).now);
    expect(Object.keys(lambda(metrics, "Errors", "collect"))).toEqual([String(24 * 60)]);
  });
});

describe("dead letters", () => {
  const visible = (
    metrics: PlatformMetrics,
    now: typeof NOON,
  ): Record<number, number | undefined> =>
    sums(
      metrics.datapoints(
        {
          namespace: "AWS/SQS",
          name: "ApproximateNumberOfMessagesVisible",
          of: { kind: "dead-letter-queue" },
        },
        now,
      ),
    );

  test("are a level: what was given up and is still kept, minute by minute", () => {
    const metrics = platformMetrics();
    metrics.see(dropped, at(0.5 * MINUTE).now);
    metrics.see(dropped, at(2.5 * MINUTE).now);
    const seen = visible(metrics, at(4 * MINUTE).now);
    expect([-1, 0, 1, 2, 3].map((minute) => seen[minute])).toEqual([0, 1, 1, 2, 2]);
    expect(seen[4]).toBeUndefined();
  });

  test("are only those of functions that are repeated: the others have no queue where they are deployed", () => {
    const metrics = platformMetrics();
    for (const name of ["rebalance", "health-check"] as const) {
      metrics.see({ kind: "invocation-dropped", name, why: "failed once" }, NOON);
    }
    expect(Object.values(visible(metrics, at(2 * MINUTE).now))).toEqual([0, 0, 0, 0, 0]);
  });

  test("are thrown away after a while, since nobody empties a queue here", () => {
    const metrics = platformMetrics();
    metrics.see(dropped, NOON);
    const later = at(localLimits.deadLetterKeptMs + 2 * MINUTE).now;
    expect(Object.values(visible(metrics, later)).at(-1)).toBe(0);
  });
});
