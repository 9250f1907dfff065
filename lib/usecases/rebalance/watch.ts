/**
 * Stays and starts collectors: ahead of need, for requests, after crashes, before hand-overs.
 *
 * One loop: look at the fleet every two seconds, start what needs a collector now, sleep until the
 * next of these moments.
 *
 * Two runs overlap for a moment when a newer one writes its name. Starts that are wanted within
 * `handOverMs` of that are the older one's, later ones the newer one's, so that neither none nor
 * both start a collector. What the older one should have started, and nobody owns when it has had
 * the time, the newer one starts after all.
 *
 * Where owners die of what they capture, their ranges are divided or quarantined before anybody else
 * is started for them.
 *
 * Holds: ends when nothing is owned or due soon, when a newer run has taken over, and always before
 *        its own end; every start follows a fresh read of its lease.
 * Fails: never for a store that is out of reach for a moment: that is logged and tried again.
 */
import { DependencyError } from "#domain/errors.ts";
import type { LeaseId } from "#domain/lease.ts";
import { after, earliest, type EpochMs } from "#domain/units.ts";
import { sleep } from "#ports/clock.ts";
import { isolateKillers } from "./isolation.ts";
import { isOfOlder } from "./need.ts";
import { handOverMs, lookout, soonest, type Lookout, type Wanted } from "./lookout.ts";
import type { RebalanceDeps, RebalanceRun } from "./settings.ts";
import { startBook, type StartBook } from "./start-book.ts";

export type WatchEnd = "idle" | "superseded" | "stayed" | "stopped" | "no-pool";

export interface Watch {
  readonly startedAt: EpochMs;
  /** Starts wanted earlier are those of the run before; undefined when there is none. */
  readonly olderUntil: EpochMs | undefined;
  /** But for these, which this run has moved something to: the one before learns of it seconds later. */
  readonly takers: ReadonlySet<LeaseId>;
}

export interface WatchReport {
  readonly ended: WatchEnd;
  readonly starts: number;
}

const TURN_MIN_MS = 1;
const AFTER_FAILURE_MS = 500;
const STARTS_AT_ONCE_MAX = 16;

/** How the run stands: changed by its turns. */
interface Course {
  lookedAt: EpochMs | undefined;
  /** No start that is wanted at or after this is made. */
  endAt: EpochMs;
  /** Why it ends when `endAt` has come. */
  why: "stayed" | "superseded";
  /** When a newer run takes over, once it is known. */
  handedAt: EpochMs | undefined;
}

interface Tools {
  readonly deps: RebalanceDeps;
  readonly run: RebalanceRun;
  readonly book: StartBook;
  readonly view: Lookout;
}

export async function watch(
  deps: RebalanceDeps,
  run: RebalanceRun,
  { startedAt, ...others }: Watch,
): Promise<WatchReport> {
  const { clock, settings } = deps;
  const book = startBook(settings, deps.startTimes);
  const tools: Tools = { deps, run, book, view: lookout(deps, run, { book, ...others }) };
  const stayUntil = after(startedAt, settings.stayMaxMs);
  const endAt = earliest(stayUntil, after(run.deadlineAt, -settings.reserveMs));
  const course: Course = { lookedAt: undefined, endAt, why: "stayed", handedAt: undefined };
  const turnsMax = Math.ceil(settings.stayMaxMs / TURN_MIN_MS);
  for (let turn = 0; turn < turnsMax; turn += 1) {
    if (run.stop.aborted) return { ended: "stopped", starts: book.total };
    if (clock.now() >= course.endAt) break;
    const ended = await takeTurn(tools, course);
    if (ended !== undefined) return { ended, starts: book.total };
  }
  return { ended: course.why, starts: book.total };
}

/** Why there is nothing more to watch; undefined to go on. */
async function takeTurn(tools: Tools, course: Course): Promise<WatchEnd | undefined> {
  const { deps, run } = tools;
  try {
    const ended = await lookWhenDue(tools, course);
    if (ended !== undefined) return ended;
    await startWanted(tools, course);
    await sleep(deps.clock, restMs(tools, course), run.stop);
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error;
    deps.log.warn("the fleet can't be watched for a moment; trying again", { error });
    await sleep(deps.clock, AFTER_FAILURE_MS, run.stop);
  }
  return undefined;
}

async function lookWhenDue({ deps, view }: Tools, course: Course): Promise<WatchEnd | undefined> {
  const { settings, clock } = deps;
  const now = clock.now();
  const { lookedAt } = course;
  // A clock that jumped back must not blind us until it has caught up.
  const isDue = lookedAt === undefined || now >= after(lookedAt, settings.pollMs) || now < lookedAt;
  if (!isDue) return undefined;
  course.lookedAt = now;
  const looked = await view.look();
  if (looked.kind === "no-pool") return "no-pool";
  if (looked.newerAt !== undefined && course.why !== "superseded") {
    course.why = "superseded";
    // Its clock may differ from ours: never longer than a hand-over from now.
    const handedAt = after(earliest(looked.newerAt, clock.now()), handOverMs(settings));
    course.endAt = earliest(course.endAt, handedAt);
    course.handedAt = handedAt;
  }
  return looked.isIdle ? "idle" : undefined;
}

async function startWanted(tools: Tools, course: Course): Promise<void> {
  const { deps, run, view } = tools;
  let due = dueNow(tools, course);
  if (due.some(({ lease }) => view.isSuspicious(lease))) {
    const isolated = await isolateKillers(deps, run).catch(async (error: unknown) => {
      // What kills waits until it can be isolated; nobody else does.
      await startAll(
        tools,
        due.filter(({ lease }) => !view.isSuspicious(lease)),
      );
      throw error;
    });
    if (isolated.divided + isolated.quarantined > 0) {
      await view.look();
      due = dueNow(tools, course);
    }
  }
  await startAll(tools, due);
}

async function startAll(tools: Tools, due: readonly Wanted[]): Promise<void> {
  for (let from = 0; from < due.length; from += STARTS_AT_ONCE_MAX) {
    const some = due.slice(from, from + STARTS_AT_ONCE_MAX);
    await Promise.all(some.map(({ lease, at }) => startOne(tools, lease.id, at)));
  }
}

/** Once a newer run takes over, only what is agreed to be the older one's. */
function ours({ view }: Tools, { handedAt }: Course): readonly Wanted[] {
  const wanted = view.wanted();
  return handedAt === undefined ? wanted : wanted.filter(({ need }) => isOfOlder(need, handedAt));
}

function dueNow(tools: Tools, course: Course): Wanted[] {
  const now = tools.deps.clock.now();
  const { endAt, handedAt } = course;
  return ours(tools, course).filter(({ at, need }) => {
    if (at < endAt) return at <= now;
    // To be started when we are gone, by how quick we expect it to be: a moment early, then.
    return handedAt !== undefined && at === need.at;
  });
}

async function startOne(tools: Tools, id: LeaseId, by: EpochMs): Promise<void> {
  const { deps, run, book, view } = tools;
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

function restMs(tools: Tools, course: Course): number {
  const { clock, settings } = tools.deps;
  const { lookedAt, endAt } = course;
  const now = clock.now();
  const looksAt = after(lookedAt ?? now, settings.pollMs);
  const next = soonest(ours(tools, course), earliest(looksAt, endAt));
  return Math.max(TURN_MIN_MS, Math.min(settings.pollMs, next - now));
}
