/**
 * Asynchronous invocations: they wait for a process, are repeated after an error, a time-out or a
 * kill (as often as the manifest says), and may arrive twice when that is asked for.
 *
 * Holds: what was accepted runs at least once, or is told as dropped: too old, or the cloud stopped.
 * Source: AWS Lambda, "Asynchronous invocation" (2026-11).
 */
import { randomUUID } from "node:crypto";
import type { FunctionManifest, FunctionName } from "#functions/manifest.ts";
import type { CloudListener } from "./events.ts";
import type { Outcome } from "./function-process.ts";
import { localLimits } from "./local-limits.ts";
import type { Workers } from "./workers.ts";

export interface AsyncQueueOptions {
  readonly manifest: Readonly<Record<FunctionName, FunctionManifest>>;
  readonly workers: Workers;
  readonly emit: CloudListener;
  /** Chance, 0 to 1, that an invocation is delivered a second time. */
  readonly duplicateDeliveries: number;
  readonly retryBackoffMs?: readonly number[];
  /** Called with each run, so that a stop can wait for it. */
  readonly track: (run: Promise<Outcome>) => void;
}

export type Accepted =
  { readonly kind: "accepted"; readonly requestId: string } | { readonly kind: "throttled" };

export interface AsyncQueue {
  /** @param event JSON text. */
  accept(name: FunctionName, event: string): Accepted;
  /** Drops what waits, and accepts nothing more. */
  close(): void;
}

interface Pending {
  readonly name: FunctionName;
  readonly event: string;
  readonly requestId: string;
  readonly attempt: number;
  readonly acceptedAt: number;
}

export function asyncQueue(options: AsyncQueueOptions): AsyncQueue {
  const { manifest, workers, emit } = options;
  const backoffMs = options.retryBackoffMs ?? localLimits.retryBackoffMs;
  const queue: Pending[] = [];
  const delayed = new Set<NodeJS.Timeout>();
  let isClosed = false;

  function drop({ name }: Pending, why: string): void {
    emit({ kind: "invocation-dropped", name, why });
  }

  /** Starts what waits, oldest first, as far as processes are free. */
  function next(): void {
    for (let work = queue[0]; work !== undefined && !isClosed; work = queue[0]) {
      const isTooOld = Date.now() - work.acceptedAt > manifest[work.name].asyncMaxAgeMs;
      const worker = isTooOld ? undefined : workers.take(work.name);
      if (worker === undefined && !isTooOld) return;
      queue.shift();
      if (worker === undefined) {
        const waited = "waited too long for a free process";
        drop(work, work.attempt > 1 ? "failed, and was too old to be repeated" : waited);
        continue;
      }
      const taken = work;
      const run = workers.run(worker, taken);
      options.track(run);
      void run.then((outcome) => {
        repeatIfNeeded(taken, outcome);
        next();
      });
    }
  }

  function repeatIfNeeded(work: Pending, outcome: Outcome): void {
    const retriesMax = manifest[work.name].asyncRetriesMax;
    const isDone = outcome.kind === "succeeded" || outcome.kind === "stopped";
    if (isDone || isClosed) return;
    if (work.attempt > retriesMax) {
      const often = work.attempt === 1 ? "once, and is not repeated" : `${work.attempt} times`;
      drop(work, `failed ${often}: ${outcome.error ?? outcome.kind}`);
      return;
    }
    const pause = backoffMs[work.attempt - 1] ?? backoffMs.at(-1) ?? 0;
    later(pause, { ...work, attempt: work.attempt + 1 });
  }

  function later(pauseMs: number, work: Pending): void {
    const timer = setTimeout(() => {
      delayed.delete(timer);
      queue.push(work);
      next();
    }, pauseMs);
    delayed.add(timer);
  }

  workers.onRoom(next);
  return {
    accept(name, event) {
      if (isClosed || queue.length >= localLimits.asyncQueueMax) return { kind: "throttled" };
      const requestId = randomUUID();
      const work: Pending = { name, event, requestId, attempt: 1, acceptedAt: Date.now() };
      queue.push(work);
      if (Math.random() < options.duplicateDeliveries) {
        emit({ kind: "delivered-twice", name, requestId });
        later(Math.random() * localLimits.duplicateDelayMaxMs, work);
      }
      next();
      return { kind: "accepted", requestId };
    },
    close() {
      isClosed = true;
      for (const timer of delayed) clearTimeout(timer);
      delayed.clear();
      for (const work of queue.splice(0)) drop(work, "the cloud stops");
    },
  };
}
