/** A target's records of a span of time, with what is wrong with them told on standard error. */
import { cadenceKey } from "#domain/cadence.ts";
import type { Target } from "#domain/target.ts";
import type { EpochMs } from "#domain/units.ts";
import type { SampleStore } from "#ports/sample-store.ts";
import { readSamples, type SamplesRead } from "#usecases/read-samples.ts";
import type { System } from "../connect/system.ts";
import type { Context } from "../context.ts";
import { printable } from "../output/display.ts";

export interface RecordsQuery {
  readonly id: string;
  /** As registered now; undefined when it was removed. */
  readonly target?: Target;
  readonly since: EpochMs;
  readonly limit?: number;
}

type Readable = Pick<System, "clock" | "pool" | "slotsLog2" | "samples">;

export async function readRecords(system: Readable, query: RecordsQuery): Promise<SamplesRead> {
  const { samples: store, clock, pool, slotsLog2 } = system;
  const { id, target, since, limit } = query;
  const registered = target && { cadence: cadenceKey(target.cadence), since: target.registeredAt };
  return readSamples(
    { store, clock },
    {
      pool,
      target: id,
      slotsLog2,
      since,
      ...(registered !== undefined && { registered }),
      ...(limit !== undefined && { limit }),
    },
  );
}

/** Tells after each chunk how many were read, of those that are known so far. */
export function watchedSamples(
  samples: SampleStore,
  onRead: (read: number, listed: number) => void,
): SampleStore {
  let [read, listed] = [0, 0];
  return {
    put: (chunk) => samples.put(chunk),
    async list(query) {
      const page = await samples.list(query);
      listed += page.entries.length;
      return page;
    },
    async get(entry, bucket) {
      const parts = await samples.get(entry, bucket);
      read += 1;
      // A target may have two buckets in a chunk, and a list may hold chunks with neither.
      listed = Math.max(listed, read);
      onRead(read, listed);
      return parts;
    },
  };
}

class TimeIsUp extends Error {}

/** undefined where `isOver` came true before all was read: a day of a large pool may take minutes. */
export async function recordsInTime(
  system: Readable,
  query: RecordsQuery,
  isOver: () => boolean,
): Promise<SamplesRead | undefined> {
  const { samples } = system;
  const inTime = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isOver()) throw new TimeIsUp();
    return work();
  };
  const limited: SampleStore = {
    put: (chunk) => samples.put(chunk),
    list: (wanted) => inTime(() => samples.list(wanted)),
    get: (entry, bucket) => inTime(() => samples.get(entry, bucket)),
  };
  try {
    return await readRecords({ ...system, samples: limited }, query);
  } catch (error) {
    if (error instanceof TimeIsUp) return undefined;
    throw error;
  }
}

export async function warnOfBroken(context: Context, read: SamplesRead): Promise<void> {
  if (read.chunksBroken > 0) {
    const some = read.broken.map(printable).join("; ");
    await context.warn(`${read.chunksBroken} chunks can't be read and are left out: ${some}`);
  }
  if (read.linesBroken > 0) await context.warn(`${read.linesBroken} lines can't be read`);
}
