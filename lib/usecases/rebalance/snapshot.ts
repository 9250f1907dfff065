/**
 * Reads the fleet until what is read tiles, and writes this run's name into it.
 *
 * A Query is not atomic: a give may land between two of its pages, so that a range seems to be
 * nowhere or twice. Then it is read again, never repaired.
 */
import type { FleetSnapshot, LastRebalance } from "#domain/fleet.ts";
import { tiling } from "#domain/range.ts";
import { sleep } from "#ports/clock.ts";
import type { RebalanceDeps, RebalanceRun } from "./settings.ts";

export type TilingRead =
  | { readonly kind: "tiles"; readonly snapshot: FleetSnapshot }
  /** Still not after the last attempt: an operator must look. */
  | { readonly kind: "broken"; readonly snapshot: FleetSnapshot; readonly why: string }
  | { readonly kind: "no-pool" };

type Deps = Pick<RebalanceDeps, "clock" | "leases">;

const READS_MAX = 5;
const READ_PAUSE_MS = 100;
const NAME_ATTEMPTS_MAX = 8;

export async function readTiling(
  deps: Deps,
  pool: string,
  stop?: AbortSignal,
): Promise<TilingRead> {
  for (let attempt = 1; ; attempt += 1) {
    const snapshot = await deps.leases.readFleet(pool);
    if (snapshot === undefined) return { kind: "no-pool" };
    const found = tiling(snapshot.leases.map((lease) => lease.ranges));
    if (found.kind === "tiles") return { kind: "tiles", snapshot };
    if (attempt >= READS_MAX) {
      const why = `${found.missing.length} ranges are in no lease and ${found.doubled.length} in several, after ${READS_MAX} reads`;
      return { kind: "broken", snapshot, why };
    }
    await sleep(deps.clock, READ_PAUSE_MS * attempt, stop);
  }
}

type NameDeps = Deps & Pick<RebalanceDeps, "meter" | "startTimes">;

/**
 * What was read, with our name in it; a lost race is read again, name and leases together.
 *
 * With the name goes what rebalancers know that others want to: how long starts take, learnt by the
 * runs before unless this environment knows better, how many units they consumed, and how many of
 * their calls were throttled. What comes after it is written by the environment's next run, a minute
 * or two later.
 */
export async function readAndName(
  deps: NameDeps,
  run: RebalanceRun,
): Promise<TilingRead & { readonly before?: FleetSnapshot["fleet"] }> {
  for (let attempt = 1; ; attempt += 1) {
    const read = await readTiling(deps, run.pool, run.stop);
    if (read.kind === "no-pool") return read;
    const { fleet: before, leases } = read.snapshot;
    const throttled = deps.meter.takeThrottled();
    const units = deps.meter.takeUnits();
    const lastRebalance = nextRebalance(deps, run, { last: before.lastRebalance, throttled, units }); // prettier-ignore
    const written = await deps.leases.writeFleet({ ...before, lastRebalance });
    if (written.kind === "written")
      return { ...read, snapshot: { fleet: written.fleet, leases }, before };
    deps.meter.throttle(throttled);
    deps.meter.returnUnits(units);
    // Somebody else keeps writing: a newer run, or an operator. Both are good enough to go on with.
    if (attempt >= NAME_ATTEMPTS_MAX) return { ...read, before };
  }
}

/** What this environment hasn't told of yet. */
interface Consumed {
  readonly throttled: number;
  readonly units: number;
}

function nextRebalance(
  { clock, startTimes }: NameDeps,
  { name }: RebalanceRun,
  { last, throttled, units }: Consumed & { readonly last: LastRebalance | undefined },
): LastRebalance {
  if (last?.startMs !== undefined) startTimes.adopt(last.startMs);
  const startMs = startTimes.meanMs();
  return {
    at: clock.now(),
    by: name,
    ...(startMs !== undefined && { startMs: Math.round(startMs) }),
    throttledTotal: (last?.throttledTotal ?? 0) + throttled,
    // Units come in halves; sums of fractions drift.
    unitsTotal: Math.round(10 * ((last?.unitsTotal ?? 0) + units)) / 10,
  };
}
