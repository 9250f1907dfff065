/** What a reader sees of many targets, read in one pass over all chunks. */
import { parseChunkLine } from "#domain/chunk-lines.ts";
import { targetReader, type TargetReader, type TargetRecord } from "#domain/reader.ts";
import { targetHash } from "#domain/hash.ts";
import { limits } from "#domain/limits.ts";
import { slotOf, type Slot } from "#domain/slot.ts";
import { epochMs } from "#domain/units.ts";
import type { SampleStore } from "#ports/sample-store.ts";

export interface ReadBackQuery {
  readonly pool: string;
  readonly slotsLog2: number;
  readonly ids: readonly string[];
  readonly since: number;
  readonly until: number;
}

/** One record a round and target, as `samples` would show them. */
export async function readBack(
  store: SampleStore,
  { pool, slotsLog2, ids, since, until }: ReadBackQuery,
): Promise<ReadonlyMap<string, readonly TargetRecord[]>> {
  const readers = new Map<string, TargetReader>();
  const bySlot = new Map<Slot, TargetReader[]>();
  for (const id of ids) {
    const reader = targetReader({ id, slotsLog2 });
    const slot = slotOf(targetHash(id).hash32, slotsLog2);
    readers.set(id, reader);
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), reader]);
  }
  const span = { since: epochMs(since), until: epochMs(until), limit: limits.samplesMax };
  let cursor: string | undefined;
  do {
    const from = epochMs(since - 60_000);
    const to = epochMs(until + 3_600_000);
    const page = await store.list({ pool, from, to, ...(cursor !== undefined && { cursor }) });
    for (const entry of page.entries) {
      for (const { lines } of (await store.get(entry)) ?? []) {
        for (const text of lines.split("\n")) {
          const record = text === "" ? undefined : parseChunkLine(text);
          if (record?.kind === "sample") readers.get(record.target)?.add(record);
          else if (record !== undefined) {
            for (const reader of bySlot.get(record.slot) ?? []) reader.add(record);
          }
        }
      }
    }
    ({ cursor } = page);
  } while (cursor !== undefined);
  return new Map([...readers].map(([id, reader]) => [id, reader.answer(span).records]));
}
