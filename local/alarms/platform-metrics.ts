/**
 * Metrics that the platform publishes itself, counted from what happens in the local cloud: how often
 * each function was invoked and failed, and how many events lie in the dead-letter queue.
 *
 * As AWS does: a point is dated when its invocation began and is known when it has ended; every
 * attempt counts; an event that is given up after its retries, or is too old for them, is a letter,
 * if its function is repeated at all: the stack has a queue for no other (infra/functions.ts).
 * Nobody can empty the queue here: letters go when they are as old as the deployed queue keeps them.
 *
 * Holds: at most an hour and some minutes are kept.
 * Source: AWS Lambda, "Types of metrics" and "Asynchronous invocation"; Amazon SQS, "Available
 *         CloudWatch metrics" (2026-11).
 */
import type { AlarmFunction, AlarmMetric, Datapoint } from "#domain/alarm/definition.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import { manifest } from "#functions/manifest.ts";
import type { CloudEvent } from "../events.ts";
import { localLimits } from "../local-limits.ts";

export interface PlatformMetrics {
  see(event: CloudEvent, now: EpochMs): void;
  /** undefined for a metric that isn't the platform's. */
  datapoints(metric: AlarmMetric, now: EpochMs): readonly Datapoint[];
}

const MINUTE_MS = 60_000;
/** More than any alarm's range. */
const MINUTES_KEPT = 75;
/** How far back the queue's level is told. */
const LEVEL_MINUTES = 5;

interface Counts {
  invocations: number;
  errors: number;
}

export function platformMetrics(): PlatformMetrics {
  const byFunction = new Map<AlarmFunction, Map<number, Counts>>();
  let letters: number[] = [];

  function count(name: AlarmFunction, startedAt: number, isError: boolean): void {
    const minutes = byFunction.get(name) ?? new Map<number, Counts>();
    byFunction.set(name, minutes);
    const minute = Math.floor(startedAt / MINUTE_MS);
    const counts = minutes.get(minute) ?? { invocations: 0, errors: 0 };
    minutes.set(minute, counts);
    counts.invocations += 1;
    if (isError) counts.errors += 1;
  }

  function forget(now: EpochMs): void {
    const oldest = Math.floor(now / MINUTE_MS) - MINUTES_KEPT;
    for (const minutes of byFunction.values()) {
      for (const minute of minutes.keys()) if (minute < oldest) minutes.delete(minute);
    }
    letters = letters.filter((at) => at > now - localLimits.deadLetterKeptMs - LEVEL_MINUTES * MINUTE_MS); // prettier-ignore
  }

  function functionPoints(
    its: AlarmFunction,
    value: (counts: Counts) => Datapoint["counts"],
  ): Datapoint[] {
    // prettier-ignore
    return [...(byFunction.get(its) ?? [])].map(([minute, counts]) => {
      const weights = value(counts);
      return { at: epochMs(minute * MINUTE_MS), values: [1, 0], ...(weights && { counts: weights }) };
    });
  }

  function visibleAt(moment: number): number {
    return letters.filter((at) => at <= moment && moment < at + localLimits.deadLetterKeptMs)
      .length;
  }

  return {
    see(event, now) {
      if (event.kind === "invocation-dropped" && manifest[event.name].asyncRetriesMax > 0) {
        letters.push(now);
      }
      if (event.kind === "invocation-ended" && event.outcome !== "stopped") {
        count(event.name, now - event.durationMs, event.outcome !== "succeeded");
      }
      forget(now);
    },
    datapoints({ name, of }, now) {
      switch (of.kind) {
        case "pool":
          return [];
        case "function":
          return functionPoints(of.function, ({ invocations, errors }) =>
            name === "Invocations" ? [invocations, 0] : [errors, invocations - errors],
          );
        case "dead-letter-queue": {
          const minute = Math.floor(now / MINUTE_MS);
          return Array.from({ length: LEVEL_MINUTES }, (_, index) => {
            const at = epochMs((minute - LEVEL_MINUTES + index) * MINUTE_MS);
            return { at, values: [visibleAt(at + MINUTE_MS - 1)] };
          });
        }
      }
    },
  };
}
