/**
 * Reads the fleet when what it tells of the last whole minute is whole.
 *
 * Owners tell what they counted with their heartbeats: in the first seconds of a minute the last word
 * about the one before may not have come. So a run that begins there waits for it and reads again.
 *
 * Out:   what was read, and the moment whose last whole minute it tells of
 * Holds: waits once, until `toldAfterMs` into the minute at most, and only where an owner has not
 *        told yet; two reads, then. Who is told to stop goes on with what was read first.
 */
import { isHeld, type Lease } from "#domain/lease.ts";
import { minuteOf } from "#domain/progress.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import { sleep } from "#ports/clock.ts";
import { readTiling, type TilingRead } from "../rebalance/snapshot.ts";
import type { HealthCheckDeps, HealthCheckRun } from "./settings.ts";

type Deps = Pick<HealthCheckDeps, "clock" | "leases" | "settings">;

export interface Told {
  readonly read: TilingRead;
  /** Just before it was read. */
  readonly at: EpochMs;
}

export async function readTold(deps: Deps, run: HealthCheckRun): Promise<Told> {
  const { clock, settings } = deps;
  const first = await readAt(deps, run);
  if (first.read.kind === "no-pool") return first;
  const endedAt = epochMs(minuteOf(first.at) * 60_000);
  const { skewMaxMs } = settings.audit;
  const isWaitedFor = (lease: Lease): boolean =>
    isHeld(lease, first.at, skewMaxMs) && (lease.progress?.at ?? 0) < endedAt;
  const leftMs = endedAt + settings.toldAfterMs - first.at;
  if (leftMs <= 0 || !first.read.snapshot.leases.some(isWaitedFor)) return first;
  await sleep(clock, Math.min(leftMs, endedAt + settings.toldAfterMs - clock.now()), run.stop);
  return run.stop.aborted ? first : readAt(deps, run);
}

async function readAt(deps: Deps, { pool, stop }: HealthCheckRun): Promise<Told> {
  const at = deps.clock.now();
  return { at, read: await readTiling(deps, pool, stop) };
}
