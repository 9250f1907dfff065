/**
 * Starts the collectors that are wanted now, each on a fresh read of its lease.
 *
 * Where owners die of what they capture, their ranges are divided or quarantined before anybody else
 * is started for them.
 *
 * Holds: a start that the platform refuses stays wanted.
 * Fails: DependencyError when the store is out of reach.
 */
import { DependencyError } from "#domain/errors.ts";
import type { LeaseId } from "#domain/lease.ts";
import type { EpochMs } from "#domain/units.ts";
import { isolateKillers } from "./isolation.ts";
import type { Lookout, Wanted } from "./lookout.ts";
import type { RebalanceDeps, RebalanceRun } from "./settings.ts";
import type { StartBook } from "./start-book.ts";

export interface Starter {
  readonly deps: RebalanceDeps;
  readonly run: RebalanceRun;
  readonly book: StartBook;
  readonly view: Lookout;
}

const STARTS_AT_ONCE_MAX = 16;

/** `dueNow` is asked again after ranges were divided or quarantined. */
export async function startDue(starter: Starter, dueNow: () => readonly Wanted[]): Promise<void> {
  const { deps, run, view } = starter;
  let due = dueNow();
  if (due.some(({ lease }) => view.isSuspicious(lease))) {
    const isolated = await isolateKillers(deps, run).catch(async (error: unknown) => {
      // What kills waits until it can be isolated; nobody else does.
      await startAll(
        starter,
        due.filter(({ lease }) => !view.isSuspicious(lease)),
      );
      throw error;
    });
    if (isolated.divided + isolated.quarantined > 0) {
      await view.look();
      due = dueNow();
    }
  }
  await startAll(starter, due);
}

async function startAll(starter: Starter, due: readonly Wanted[]): Promise<void> {
  for (let from = 0; from < due.length; from += STARTS_AT_ONCE_MAX) {
    const some = due.slice(from, from + STARTS_AT_ONCE_MAX);
    await Promise.all(some.map(({ lease, at }) => startOne(starter, lease.id, at)));
  }
}

async function startOne(
  { deps, run, book, view }: Starter,
  id: LeaseId,
  by: EpochMs,
): Promise<void> {
  const wanted = await view.confirm(id, by);
  if (wanted === undefined || run.stop.aborted) return;
  const { lease, need } = wanted;
  const fields = { lease: id, epoch: lease.epoch, reason: need.reason };
  book.note(lease, need, deps.clock.now());
  try {
    await deps.invoker.startCollector({ pool: run.pool, lease: id });
    deps.log.info("collector started", fields);
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error;
    deps.log.warn("a collector could not be started; it is tried again", { ...fields, error });
  }
}
