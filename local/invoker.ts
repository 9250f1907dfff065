/**
 * Runs functions as Lambda does: each invocation in a process of its own, reused while it lives.
 *
 * Asynchronous invocations go through a queue; synchronous ones are answered once, or refused when
 * no process is free.
 */
import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { FunctionName } from "#functions/manifest.ts";
import { asyncQueue, type Accepted } from "./async-queue.ts";
import type { Outcome } from "./function-process.ts";
import { localLimits } from "./local-limits.ts";
import { functionWorkers, type ProcessView, type WorkerOptions } from "./workers.ts";

export interface InvokerOptions extends WorkerOptions {
  /** Chance, 0 to 1, that an asynchronous invocation is delivered a second time. */
  readonly duplicateDeliveries: number;
  readonly retryBackoffMs?: readonly number[];
}

export interface Drained {
  /** Invocations that were killed because they did not end in time. */
  readonly cut: number;
  /** Captures that collectors said they left open. */
  readonly abandoned: number;
}

export interface SyncOutcome extends Outcome {
  readonly requestId: string;
}

export interface LocalInvoker {
  /** @param event JSON text. */
  invokeAsync(name: FunctionName, event: string): Accepted;
  /** @param event JSON text. undefined when no process is free. */
  invoke(name: FunctionName, event: string): Promise<SyncOutcome | undefined>;
  processes(): readonly ProcessView[];
  /** Accepts nothing more, asks what runs to let go, and ends what is left after `drainMs`. */
  drain(drainMs: number): Promise<Drained>;
  /** At once. */
  killAll(): void;
}

/** The part of a collector's report that a stop is told about. */
const reportSchema = z.object({ abandoned: z.number() });

export function localInvoker(options: InvokerOptions): LocalInvoker {
  const workers = functionWorkers(options);
  const running = new Set<Promise<Outcome>>();
  let isClosed = false;

  function track(run: Promise<Outcome>): void {
    running.add(run);
    void run.finally(() => running.delete(run));
  }

  const queue = asyncQueue({ ...options, workers, track });

  function close(): void {
    isClosed = true;
    queue.close();
    workers.close();
  }

  function killEach(message: string): void {
    for (const { process } of workers.all()) process.kill("stopped", message);
  }

  return {
    invokeAsync: (name, event) => queue.accept(name, event),
    async invoke(name, event) {
      const worker = isClosed ? undefined : workers.take(name);
      if (worker === undefined) return undefined;
      const requestId = randomUUID();
      const run = workers.run(worker, { event, requestId, attempt: 1 });
      track(run);
      return { ...(await run), requestId };
    },
    processes: () =>
      workers
        .all()
        .map(({ name, process }) => ({ name, pid: process.pid, state: process.state() })),
    async drain(drainMs) {
      close();
      const all = workers.all();
      for (const { process } of all) {
        if (process.state() === "busy") process.askToStop();
        else process.kill("stopped", "the cloud stops");
      }
      const outcomes: Outcome[] = [];
      const runs = [...running].map(async (run) => outcomes.push(await run));
      await within(drainMs, Promise.all(runs));
      const cut = workers.all().filter(({ process }) => process.state() === "busy").length;
      killEach("the cloud stops");
      await within(localLimits.killedWithinMs, Promise.all(all.map((w) => w.process.ended)));
      return { cut, abandoned: outcomes.reduce((sum, outcome) => sum + abandonedOf(outcome), 0) };
    },
    killAll() {
      close();
      killEach("the cloud stops at once");
    },
  };
}

function abandonedOf({ payload }: Outcome): number {
  const report = reportSchema.safeParse(JSON.parse(payload));
  return report.success ? report.data.abandoned : 0;
}

/** Waits for `work`, but not longer than `ms`. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, ms, undefined);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
