/**
 * Puts sealed chunks into the store, a few at once, and reports them in the order of sequences.
 *
 * Holds: each chunk is reported once, as durable or failed, after all with a lower sequence; at
 *        most `limits.chunkPutsMax` puts are under way; a put is tried `limits.chunkAttemptsMax`
 *        times where the store says that it may work later, else once.
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
  /** Resolves once every chunk added so far is reported. */
  settled(): Promise<void>;
}

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

  function begin(): void {
    while (underWay < limits.chunkPutsMax) {
      const pending = waiting.shift();
      if (pending === undefined) return;
      underWay += 1;
      void keep(pending);
    }
  }

  async function keep(pending: Pending): Promise<void> {
    pending.outcome = await putWithRetries(options, pending.chunk);
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
      const last = unreported.at(-1);
      if (last === undefined) return Promise.resolve();
      return new Promise((resolve) => settles.push({ last, resolve }));
    },
  };
}

async function putWithRetries(options: ChunkPutsOptions, chunk: Chunk): Promise<Outcome> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await options.store.put(chunk);
      return { kind: "durable" };
    } catch (error) {
      if (!isRetryable(error) || attempt >= limits.chunkAttemptsMax) {
        return { kind: "failed", error };
      }
      const backoffMs = Math.min(
        limits.chunkBackoffMs * 2 ** (attempt - 1),
        limits.storeBackoffMaxMs,
      );
      const { lease, sequence } = chunk.name;
      const { chunkAttemptsMax: attemptsMax } = limits;
      options.log.warn("chunk.put.again", {
        lease,
        sequence,
        attempt,
        attemptsMax,
        backoffMs,
        error,
      });
      await sleep(options.clock, backoffMs);
    }
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof DependencyError && error.retryable;
}
