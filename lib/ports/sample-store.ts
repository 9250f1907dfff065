/**
 * Where chunks of samples are kept: whole objects that are put once, got and listed by time.
 *
 * A chunk is cut into parts by bucket (the top six bits of a target's hash32), so that a reader
 * of one target fetches only chunks that hold its bucket, and opens only that part.
 *
 * Holds: when `put` resolves the chunk is durable (survives a crash of this machine) and listed;
 *        keys sort by time; putting the same chunk again changes nothing.
 * Fails: DependencyError (retryable when the store is full or out of reach).
 * Contract: test/contracts/sample-store.contract.ts
 */
import type { LeaseId, Owner } from "#domain/lease.ts";
import { slotWidth, type Slot } from "#domain/slot.ts";
import type { EpochMs } from "#domain/units.ts";

export const BUCKETS_LOG2 = 6;

export function bucketOf(hash32: number): number {
  return hash32 >>> (32 - BUCKETS_LOG2);
}

/**
 * Where a slot's own lines (missed rounds) go: the bucket that its first hash is in. A slot of fewer
 * than six bits covers several buckets; its lines are in the first of them only.
 */
export function bucketOfSlot(slot: Slot, slotsLog2: number): number {
  return bucketOf(slot * slotWidth(slotsLog2));
}

export interface ChunkName {
  readonly pool: string;
  /** When it was closed. No sample in it finished later. */
  readonly closedAt: EpochMs;
  readonly lease: LeaseId;
  readonly epoch: number;
  readonly owner: Owner;
  /** Counts the owner's chunks from 1. */
  readonly sequence: number;
}

export interface ChunkPart {
  readonly bucket: number;
  /** JSON Lines, each line ended by a line feed: see chunk-lines.ts. */
  readonly lines: string;
}

/** A part to be kept: its lines as text, or already as UTF-8 bytes. */
export interface ChunkDraftPart {
  readonly bucket: number;
  readonly lines: string | Uint8Array;
}

export interface Chunk {
  readonly name: ChunkName;
  readonly parts: readonly ChunkDraftPart[];
}

export interface ChunkEntry {
  readonly key: string;
  readonly closedAt: EpochMs;
  readonly buckets: readonly number[];
}

export interface ChunkPage {
  readonly entries: readonly ChunkEntry[];
  readonly cursor?: string;
}

export interface ChunkQuery {
  readonly pool: string;
  /** Chunks closed at or after. */
  readonly from: EpochMs;
  /** Chunks closed before. */
  readonly to: EpochMs;
  /** Only chunks with this bucket; undefined for all. */
  readonly bucket?: number;
  readonly cursor?: string;
}

export interface SampleStore {
  put(chunk: Chunk): Promise<void>;
  /** Ascending by time, paged. */
  list(query: ChunkQuery): Promise<ChunkPage>;
  /** The parts asked for (all when `bucket` is undefined); undefined when retention has removed it. */
  get(entry: ChunkEntry, bucket?: number): Promise<readonly ChunkPart[] | undefined>;
}
