/**
 * What every function shares, in one place: log context, parsed event, an end before the
 * platform's, durations by step, and errors logged once.
 *
 * Ends in three steps: `stop` is aborted `stopBeforeMs` before the deadline (the use case winds up),
 * the answer is given by force ANSWER_BEFORE_MS before it, and the platform kills at the deadline.
 *
 * Holds: no domain in here; the invocation is answered or refused before the platform kills it.
 */
import middy, { type MiddlewareObj, type MiddyfiedHandler } from "@middy/core";
import type { Context } from "aws-lambda";
import type * as z from "zod";
import { systemClock } from "#adapters/system/clock.ts";
import { jsonLog, type LogLevel } from "#adapters/system/log.ts";
import { after, type EpochMs } from "#domain/units.ts";
import type { FunctionName } from "#functions/manifest.ts";
import type { Log } from "#ports/log.ts";
import type { Steps } from "#ports/steps.ts";
import { parseEvent } from "./parse.ts";
import { stepTimer } from "./steps.ts";

/** What a handler gets: the parsed event and all that belongs to this one invocation. */
export interface Invocation<Event> {
  readonly event: Event;
  readonly pool: string;
  readonly log: Log;
  readonly steps: Steps;
  /** When the platform ends it. */
  readonly deadlineAt: EpochMs;
  /** Aborted some seconds before the deadline, or when the platform drains. */
  readonly stop: AbortSignal;
}

export interface Defaults<Event> {
  readonly name: FunctionName;
  readonly event: z.ZodType<Event>;
  /** Where the event names none. */
  readonly pool: string;
  readonly level: LogLevel;
  readonly stopBeforeMs: number;
}

/** A platform that drains (the local cloud) says so here. */
interface DrainingContext extends Context {
  readonly lamplighterStop?: AbortSignal;
}

export const ANSWER_BEFORE_MS = 500;

export function withDefaults<Event extends { readonly pool?: string | undefined }, Result>(
  defaults: Defaults<Event>,
  run: (invocation: Invocation<Event>) => Promise<Result>,
): MiddyfiedHandler<unknown, Result> {
  return (
    middy<unknown, Result>({
      timeoutEarlyInMillis: ANSWER_BEFORE_MS,
      timeoutEarlyResponse: () => {
        throw new Error(
          `${defaults.name} did not end by itself and was cut off ${ANSWER_BEFORE_MS} ms before its deadline`,
        );
      },
    })
      .use(invocationDefaults(defaults))
      // The middleware has turned the raw event into an invocation; middy's types can't follow it.
      .handler((invocation: unknown) => run(invocation as Invocation<Event>))
  );
}

function invocationDefaults<Event extends { readonly pool?: string | undefined }>(
  defaults: Defaults<Event>,
): MiddlewareObj {
  const clock = systemClock();
  const { level } = defaults;
  const open = new WeakMap<
    Context,
    { log: Log; steps: Steps; startedAt: number; end: () => void }
  >();
  return {
    before: (request) => {
      const { context } = request;
      const startedAt = performance.now();
      const base = { function: defaults.name, requestId: context.awsRequestId };
      const early = jsonLog({ clock, level, context: { ...base, pool: defaults.pool } });
      const steps = stepTimer();
      open.set(context, { log: early, steps, startedAt, end: () => undefined });
      const event = parseEvent(defaults.event, request.event);
      const pool = event.pool ?? defaults.pool;
      const log = jsonLog({ clock, level, context: { ...base, pool } });
      const leftMs = context.getRemainingTimeInMillis();
      const { stop, end } = stopSignal(context, leftMs - defaults.stopBeforeMs);
      open.set(context, { log, steps, startedAt, end });
      const deadlineAt = after(clock.now(), leftMs);
      request.event = { event, pool, log, steps, deadlineAt, stop } satisfies Invocation<Event>;
    },
    after: (request) => {
      const invocation = open.get(request.context);
      if (invocation === undefined) return;
      invocation.end();
      invocation.log.info("finished", {
        ...spent(invocation),
        result: request.response as unknown,
      });
    },
    onError: (request) => {
      const invocation = open.get(request.context);
      if (invocation === undefined) return;
      invocation.end();
      invocation.log.error("failed", { ...spent(invocation), error: request.error });
    },
  };
}

function stopSignal(
  context: DrainingContext,
  afterMs: number,
): { stop: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), Math.max(0, afterMs));
  const { lamplighterStop } = context;
  return {
    stop:
      lamplighterStop === undefined
        ? controller.signal
        : AbortSignal.any([controller.signal, lamplighterStop]),
    end: () => clearTimeout(timer),
  };
}

function spent({ startedAt, steps }: { startedAt: number; steps: Steps }): {
  durationMs: number;
  steps: Readonly<Record<string, number>>;
} {
  return { durationMs: Math.round(performance.now() - startedAt), steps: steps.durationsMs() };
}
