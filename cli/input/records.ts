/** A target's records of a span of time, with what is wrong with them told on standard error. */
import { cadenceKey } from "#domain/cadence.ts";
import type { Target } from "#domain/target.ts";
import type { EpochMs } from "#domain/units.ts";
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

export async function readRecords(system: System, query: RecordsQuery): Promise<SamplesRead> {
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

export async function warnOfBroken(context: Context, read: SamplesRead): Promise<void> {
  if (read.chunksBroken > 0) {
    const some = read.broken.map(printable).join("; ");
    await context.warn(`${read.chunksBroken} chunks can't be read and are left out: ${some}`);
  }
  if (read.linesBroken > 0) await context.warn(`${read.linesBroken} lines can't be read`);
}
