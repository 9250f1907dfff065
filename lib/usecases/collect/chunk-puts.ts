/**
 * Puts sealed chunks into the store, a few at once, and reports them in the order of sequences.
 *
 * While the store is out of reach a chunk waits: given up, its captures would be made again, and
 * those again, for as long as it lasts. Only who settles gives up what has been tried often enough.
 *
 * Holds: each chunk is reported once, as durable or failed, after all with a lower sequence; at
 *        most `limits.chunkPutsMax` puts are under way; where the store says that it may work later
 *        a put is tried `limits.chunkAttemptsMax` times, or until it is settled, and never more than
 *        `limits.chunkPatientAttemptsMax` times; else once.
 * Fails: never by itself: what can't be kept is given to onFailed, which decides.
 */
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import { sleep, type Clock } from "#ports/clock.ts";
import type { Log } from "#ports/log.ts";
import type { Chunk, SampleStore } from "#ports/sample-store.ts";

export interface ChunkPutsOptions {
  readonly store: Pick<SampleStore, "put">;
  readonly clock: Clock;
  readonly log: Log;
  onDurable(sequence: number): void;
  onFailed(sequence: number, error: unknown): void;
}

export interface ChunkPuts {
  /** Chunks come in the order of their sequences. */
  add(chunk: Chunk, bytes: number): void;
  /** Bytes of the chunks that aren't reported yet. */
  readonly pendingBytes: number;
  /** Nothing waits for the store any more; resolves once every chunk added so far is reported. */
  settled(): Promise<void>;
}

const DOUBLINGS_MAX = 16;

type Outcome = { readonly kind: "durable" } | { readonly kind: "failed"; readonly error: unknown };

interface Pending {
  readonly chunk: Chunk;
  readonly bytes: number;
  outcome?: Outcome;
}

export function chunkPuts(options: ChunkPutsOptions): ChunkPuts {
  /** Not yet begun. */
  const waiting: Pending[] = [];
  /** Not yet reported, those not yet begun included. */
  const unreported: Pending[] = [];
  const settles: { readonly last: Pending; readonly resolve: () => void }[] = [];
  let underWay = 0;
  let pendingBytes = 0;
  let isSettling = false;
  const attemptsMax = (): number =>
    isSettling ? limits.chunkAttemptsMax : limits.chunkPatientAttemptsMax;

  function begin(): void {
    while (underWay < limits.chunkPutsMax) {
      const pending = waiting.shift();
      if (pending === undefined) return;
      underWay += 1;
      void keep(pending);
    }
  }

  async function keep(pending: Pending): Promise<void> {
    pending.outcome = await putWithRetries(options, pending.chunk, attemptsMax);
    underWay -= 1;
    begin();
    report();
  }

  function report(): void {
    for (let first = unreported[0]; first?.outcome !== undefined; first = unreported[0]) {
      unreported.shift();
      pendingBytes -= first.bytes;
      const { sequence } = first.chunk.name;
      if (first.outcome.kind === "durable") options.onDurable(sequence);
      else options.onFailed(sequence, first.outcome.error);
      while (settles[0]?.last === first) settles.shift()?.resolve();
    }
  }

  return {
    add(chunk, bytes) {
      const pending = { chunk, bytes };
      pendingBytes += bytes;
      waiting.push(pending);
      unreported.push(pending);
      begin();
    },
    get pendingBytes() {
      return pendingBytes;
    },
    settled() {
      isSettling = true;
      const last = unreported.at(-1);
      if (last === undefined) return Promise.resolve();
      return new Promise((resolve) => settles.push({ last, resolve }));
    },
  };
}

async function putWithRetries(
  options: ChunkPutsOptions,
  chunk: Chunk,
  attemptsMax: () => number,
): Promise<Outcome> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await options.store.put(chunk);
      return { kind: "durable" };
    } catch (error) {
      if (!isRetryable(error) || attempt >= attemptsMax()) return { kind: "failed", error };
      const backoffMs = backoffAfter(attempt);
      if (isTold(attempt)) {
        const { lease, sequence } = chunk.name;
        options.log.warn("chunk.put.again", { lease, sequence, attempt, backoffMs, error });
      }
      await sleep(options.clock, backoffMs);
    }
  }
}

function backoffAfter(attempt: number): number {
  // Beyond this the limit has long been reached, and the power is no number any more.
  const doublings = Math.min(attempt - 1, DOUBLINGS_MAX);
  return Math.min(limits.chunkBackoffMs * 2 ** doublings, limits.storeBackoffMaxMs);
}

/** The first few, then ever more rarely: an outage isn't told of every two seconds. */
function isTold(attempt: number): boolean {
  return attempt < limits.chunkAttemptsMax || Number.isInteger(Math.log2(attempt));
}

function isRetryable(error: unknown): boolean {
  return error instanceof DependencyError && error.retryable;
}
