/**
 * Results of one batch, handed over in arrays: all that came in one turn of the event loop.
 *
 * Holds: as many results as were announced; then the iteration ends. Leaving it early, or the
 *        signal, stops what is open.
 */
import type { Capture, Failure } from "#domain/sample.ts";
import type { ProbeResult } from "#ports/probe.ts";
import type { Run, Settled } from "./run.ts";

type Results = readonly ProbeResult[];

export const STOPPED: Failure = { code: "stopped", message: "stopped before it was done" };

/** A class: one is made for each batch, and a batch may be a single target. */
export class Batch implements Settled, AsyncIterableIterator<Results> {
  readonly runs: Run[] = [];
  /** Sees each capture that ran, before its result is handed over. */
  observer: ((run: Run, capture: Capture) => void) | undefined = undefined;
  private results: ProbeResult[] = [];
  private left: number;
  private waiting: ((result: IteratorResult<Results>) => void) | undefined = undefined;
  private scheduled = false;
  private readonly onEmpty: () => void;

  constructor(size: number, onEmpty: () => void) {
    this.left = size;
    this.onEmpty = onEmpty;
  }

  settled(run: Run, capture: Capture): void {
    this.observer?.(run, capture);
    this.add(run.index, capture);
  }

  add(index: number, capture: Capture): void {
    this.results.push({ index, capture });
    this.left -= 1;
    if (this.left === 0) this.onEmpty();
    if (this.waiting === undefined || this.scheduled) return;
    this.scheduled = true;
    schedule(this);
  }

  stop(): void {
    for (const run of this.runs) run.stop(STOPPED);
  }

  next(): Promise<IteratorResult<Results>> {
    if (this.results.length > 0) return Promise.resolve({ done: false, value: this.take() });
    if (this.left === 0) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<Results>> {
    this.stop();
    this.results = [];
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  deliver(): void {
    this.scheduled = false;
    const { waiting } = this;
    if (waiting === undefined || this.results.length === 0) return;
    this.waiting = undefined;
    waiting({ done: false, value: this.take() });
  }

  private take(): Results {
    const taken = this.results;
    this.results = [];
    return taken;
  }
}

// One immediate serves all batches of a turn.
let due: Batch[] = [];

function schedule(batch: Batch): void {
  due.push(batch);
  if (due.length === 1) setImmediate(deliverAll);
}

function deliverAll(): void {
  const batches = due;
  due = [];
  for (const batch of batches) batch.deliver();
}

export interface OpenBatches {
  add(size: number, signal: AbortSignal): Batch;
  stopAll(): void;
}

/** Batches by the signal that stops them: one listener a signal, however many batches. */
export function openBatches(): OpenBatches {
  const all = new Set<Batch>();
  const bySignal = new WeakMap<AbortSignal, Set<Batch>>();
  const batchesOf = (signal: AbortSignal): Set<Batch> => {
    const known = bySignal.get(signal);
    if (known !== undefined) return known;
    const made = new Set<Batch>();
    bySignal.set(signal, made);
    signal.addEventListener("abort", () => stopEach(made), { once: true });
    return made;
  };
  return {
    add: (size, signal) => {
      const siblings = batchesOf(signal);
      const batch = new Batch(size, () => {
        siblings.delete(batch);
        all.delete(batch);
      });
      if (size === 0) return batch;
      siblings.add(batch);
      all.add(batch);
      return batch;
    },
    stopAll: () => stopEach(all),
  };
}

function stopEach(batches: ReadonlySet<Batch>): void {
  for (const batch of [...batches]) batch.stop();
}
