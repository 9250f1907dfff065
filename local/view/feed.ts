/**
 * Feeds a live view: the fleet once a second (one Query), new chunks as they are kept, and the slots
 * in rotation (quickly until each was seen, then one a second).
 *
 * Holds: the work per second is bounded, whatever the number of targets: `viewChunksPerPollMax`
 *        chunks, `viewLinesPerPollMax` lines, four slots. What is beyond is left out: counts of
 *        captures then come out low, and states follow with the slots.
 * Fails: never: a store that can't be read is told in the snapshot, and read again.
 */
import { setTimeout as wait } from "node:timers/promises";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import type { FleetSnapshot } from "#domain/fleet.ts";
import { slotCount } from "#domain/slot.ts";
import type { Slot } from "#domain/slot.ts";
import { epochMs } from "#domain/units.ts";
import { statusesIn } from "#usecases/status/target-status.ts";
import type { ChunkEntry } from "#ports/sample-store.ts";
import { localLimits } from "../local-limits.ts";
import type { LocalStores } from "../stores.ts";
import type { ViewModel } from "./model.ts";

export interface FeedOptions {
  readonly stores: Pick<LocalStores, "leases" | "schedules" | "samples" | "clock">;
  readonly pool: string;
  readonly slotsLog2: number;
  readonly model: ViewModel;
  /** Called after each round of reading. */
  readonly onRound: (round: FeedRound) => void;
}

export interface FeedRound {
  readonly fleet?: FleetSnapshot;
  /** Why something could not be read. */
  readonly problem?: string;
}

export interface Feed {
  stop(): Promise<void>;
}

export function startFeed(options: FeedOptions): Feed {
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = run(options, signal);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function run(options: FeedOptions, signal: AbortSignal): Promise<void> {
  const { stores, pool, slotsLog2, onRound } = options;
  const chunks = chunkTail(options);
  const slots = slotCount(slotsLog2);
  let nextSlot = 0;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await chunks.read();
      const fleet = await stores.leases.readFleet(pool);
      onRound(fleet === undefined ? {} : { fleet });
      const slotsNow = Math.min(slots, nextSlot < slots ? SLOTS_AT_FIRST : 1);
      await readSlots(options, nextSlot, slotsNow);
      nextSlot += slotsNow;
    } catch (error) {
      onRound({ problem: error instanceof Error ? error.message : String(error) });
    }
    const spent = performance.now() - startedAt;
    const pause = Math.max(MIN_PAUSE_MS, localLimits.viewPollEveryMs - spent);
    await wait(pause, undefined, { signal }).catch(() => undefined);
  }
}

/** Counts on from `first`, and begins anew after the last slot. */
async function readSlots(options: FeedOptions, first: number, count: number): Promise<void> {
  const { stores, pool, slotsLog2, model } = options;
  for (let next = first; next < first + count; next += 1) {
    const slot = (next % slotCount(slotsLog2)) as Slot; // below the number of slots
    const contents = await stores.schedules.readSlot(pool, slot);
    model.seeSlot(slot, statusesIn(contents, slotsLog2), stores.clock.now());
  }
}

/** 64 slots are seen within four seconds. */
const SLOTS_AT_FIRST = 16;
/** However slow the store is, most of the time is left to those who work. */
const MIN_PAUSE_MS = 250;

const PAGES_MAX = 5;

interface ChunkTail {
  read(): Promise<void>;
}

/** New chunks since the last look. A chunk may appear some time after it was closed. */
function chunkTail({ stores, pool, model }: FeedOptions): ChunkTail {
  const seen = new Map<string, number>();
  // What was kept before the view began is not news, but shows states at once.
  let from = stores.clock.now() - localLimits.viewChunkLookbackMs;

  async function entriesSince(since: number, now: number): Promise<ChunkEntry[]> {
    const span = { pool, from: epochMs(since), to: epochMs(now + 1_000) };
    const entries: ChunkEntry[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const page = await stores.samples.list({ ...span, ...(cursor !== undefined && { cursor }) });
      entries.push(...page.entries);
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    return entries;
  }

  return {
    async read() {
      const now = stores.clock.now();
      const fresh = (await entriesSince(from, now)).filter(({ key }) => !seen.has(key));
      let lines = 0;
      for (const entry of fresh.slice(-localLimits.viewChunksPerPollMax)) {
        seen.set(entry.key, entry.closedAt);
        if (lines >= localLimits.viewLinesPerPollMax) continue;
        for (const part of (await stores.samples.get(entry)) ?? []) lines += readPart(part.lines);
      }
      from = now - localLimits.viewChunkLookbackMs;
      for (const [key, closedAt] of seen) {
        if (closedAt < from) seen.delete(key);
      }
    },
  };

  function readPart(text: string): number {
    const lines = text.split("\n").filter((line) => line !== "");
    for (const line of lines) {
      const record = parseChunkLine(line);
      if (record?.kind === "sample") model.seeSample(record);
    }
    return lines.length;
  }
}
