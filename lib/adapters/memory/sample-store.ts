/**
 * Chunks in memory: for tests and simulations.
 *
 * Differs from a real store: nothing is compressed, and durable means as long as this object lives.
 * Contract: test/contracts/sample-store.contract.ts
 */
import type {
  Chunk,
  ChunkDraftPart,
  ChunkName,
  ChunkPage,
  ChunkPart,
  ChunkQuery,
  SampleStore,
} from "#ports/sample-store.ts";
import { assertPoolName, chunkKey, parseChunkKey } from "../chunk-key.ts";

const PAGE_ENTRIES_MAX = 1_000;

/** A chunk with its lines as text. */
export interface KeptChunk {
  readonly name: ChunkName;
  readonly parts: readonly ChunkPart[];
}

export interface MemorySampleStore extends SampleStore {
  /** As retention would. */
  remove(key: string): void;
  /** All chunks in the order of their keys. */
  chunks(): readonly KeptChunk[];
}

export function memorySampleStore(): MemorySampleStore {
  const kept = new Map<string, KeptChunk>();
  let sorted: readonly string[] | undefined;

  function keys(): readonly string[] {
    sorted ??= [...kept.keys()].sort();
    return sorted;
  }

  function list(query: ChunkQuery): ChunkPage {
    assertPoolName(query.pool);
    const entries = [];
    for (const key of keys()) {
      if (!key.startsWith(`${query.pool}/`) || key <= (query.cursor ?? "")) continue;
      const entry = parseChunkKey(key);
      if (entry === undefined || entry.closedAt < query.from || entry.closedAt >= query.to)
        continue;
      if (query.bucket !== undefined && !entry.buckets.includes(query.bucket)) continue;
      if (entries.length === PAGE_ENTRIES_MAX)
        return { entries, cursor: entries.at(-1)?.key ?? "" };
      entries.push(entry);
    }
    return { entries };
  }

  return {
    put: promised((chunk: Chunk) => {
      const parts = merged(chunk.parts);
      const bytes = parts.reduce((sum, part) => sum + part.lines.length, 0);
      const buckets = parts.map((part) => part.bucket);
      const key = chunkKey(chunk.name, buckets, bytes);
      if (!kept.has(key)) {
        kept.set(key, { name: chunk.name, parts });
        sorted = undefined;
      }
    }),
    list: promised(list),
    get(entry, bucket) {
      const parts = kept.get(entry.key)?.parts;
      return Promise.resolve(
        parts?.filter((part) => bucket === undefined || part.bucket === bucket),
      );
    },
    remove(key) {
      kept.delete(key);
      sorted = undefined;
    },
    chunks: () => keys().flatMap((key) => kept.get(key) ?? []),
  };
}

/** One part a bucket, in the order of buckets, none empty. */
function merged(parts: readonly ChunkDraftPart[]): readonly ChunkPart[] {
  const lines = new Map<number, string>();
  for (const { bucket, lines: added } of parts) {
    const text = typeof added === "string" ? added : Buffer.from(added).toString("utf8");
    lines.set(bucket, (lines.get(bucket) ?? "") + text);
  }
  return [...lines]
    .map(([bucket, text]) => ({ bucket, lines: text }))
    .filter((part) => part.lines !== "")
    .sort((a, b) => a.bucket - b.bucket);
}

/** What a store refuses is a rejection, never thrown at once. */
function promised<In, Out>(call: (input: In) => Out): (input: In) => Promise<Out> {
  return (input) =>
    new Promise((resolve) => {
      resolve(call(input));
    });
}
