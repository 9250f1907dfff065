/**
 * Stays and starts collectors: ahead of need, for requests, after crashes, before hand-overs.
 *
 * One loop: look at the fleet every two seconds, start what needs a collector now, sleep until the
 * next of these moments.
 *
 * Two runs overlap for a moment when a newer one writes its name. Starts that are wanted within
 * `handOverMs` of that are the older one's, later ones the newer one's, so that one of the two
 * starts a collector. What the older one should have started, and nobody owns when it has had the
 * time, the newer one starts after all; what came to be needed meanwhile both may start, and one of
 * the two collectors finds its lease taken.
 *
 * A run that dies can't be seen to, and until the next one a minute may pass. So the older one stands
 * by for as long as somebody has to be started, or ranges are changing hands, within the newer one's
 * time: it looks less often, and starts what the newer one hasn't. It leaves when all is calm, or
 * when a third run is there, for which the newer one stands by.
 *
 * Holds: ends when nothing is owned or due soon, when newer runs have taken over, and always before
 *        its own end; every start follows a fresh read of its lease.
 * Fails: never for a store that is out of reach for a moment: that is logged and tried again.
 */
import { DependencyError } from "#domain/errors.ts";
import type { LeaseId } from "#domain/lease.ts";
import { after, earliest, type EpochMs } from "#domain/units.ts";
import { sleep } from "#ports/clock.ts";
import { isOfOlder } from "./need.ts";
import { handOverMs, lookout, soonest, type Wanted } from "./lookout.ts";
import type { RebalanceDeps, RebalanceRun } from "./settings.ts";
import { startBook } from "./start-book.ts";
import { startDue, type Starter } from "./starts.ts";

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

/** How the run stands: changed by its turns. */
interface Course {
  lookedAt: EpochMs | undefined;
  /** No start that is wanted at or after this is made. */
  endAt: EpochMs;
  /** Why it ends when `endAt` has come. */
  why: "stayed" | "superseded";
  /** When a newer run takes over, once it is known. */
  handedAt: EpochMs | undefined;
  /** Its name. */
  newer: string | undefined;
  isStandingBy: boolean;
  pollMs: number;
}

export async function watch(
  deps: RebalanceDeps,
  run: RebalanceRun,
  { startedAt, ...others }: Watch,
): Promise<WatchReport> {
  const { clock, settings } = deps;
  const book = startBook(settings, deps.startTimes);
  const starter: Starter = { deps, run, book, view: lookout(deps, run, { book, ...others }) };
  const stayUntil = after(startedAt, settings.stayMaxMs);
  const endAt = earliest(stayUntil, after(run.deadlineAt, -settings.reserveMs));
  const course: Course = {
    lookedAt: undefined,
    endAt,
    why: "stayed",
    handedAt: undefined,
    newer: undefined,
    isStandingBy: false,
    pollMs: settings.pollMs,
  };
  const turnsMax = Math.ceil(settings.stayMaxMs / TURN_MIN_MS);
  for (let turn = 0; turn < turnsMax; turn += 1) {
    if (run.stop.aborted) return { ended: "stopped", starts: book.total };
    if (clock.now() >= course.endAt) {
      if (course.isStandingBy || course.why === "stayed" || clock.now() >= endAt) break;
      standBy(starter, course, endAt);
    }
    const ended = await takeTurn(starter, course);
    if (ended !== undefined) return { ended, starts: book.total };
  }
  return { ended: course.why, starts: book.total };
}

function standBy({ deps, view }: Starter, course: Course, endAt: EpochMs): void {
  view.standBy();
  course.isStandingBy = true;
  course.endAt = endAt;
  course.handedAt = undefined;
  course.pollMs = deps.settings.standByPollMs;
}

/** Why there is nothing more to watch; undefined to go on. */
async function takeTurn(starter: Starter, course: Course): Promise<WatchEnd | undefined> {
  const { deps, run } = starter;
  try {
    const ended = await lookWhenDue(starter, course);
    if (ended !== undefined) return ended;
    await startDue(starter, () => dueNow(starter, course));
    await sleep(deps.clock, restMs(starter, course), run.stop);
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error;
    deps.log.warn("the fleet can't be watched for a moment; trying again", { error });
    await sleep(deps.clock, AFTER_FAILURE_MS, run.stop);
  }
  return undefined;
}

async function lookWhenDue({ deps, view }: Starter, course: Course): Promise<WatchEnd | undefined> {
  const { clock } = deps;
  const now = clock.now();
  const { lookedAt, pollMs } = course;
  // A clock that jumped back must not blind us until it has caught up.
  const isDue = lookedAt === undefined || now >= after(lookedAt, pollMs) || now < lookedAt;
  if (!isDue) return undefined;
  course.lookedAt = now;
  const looked = await view.look();
  if (looked.kind === "no-pool") return "no-pool";
  if (looked.isIdle) return "idle";
  if (course.isStandingBy) {
    const isThird = looked.newer !== undefined && looked.newer.name !== course.newer;
    return isThird || view.isCalm(course.endAt) ? "superseded" : undefined;
  }
  if (looked.newer !== undefined && course.why !== "superseded")
    giveWay(deps, course, looked.newer);
  return undefined;
}

function giveWay(
  { clock, settings }: RebalanceDeps,
  course: Course,
  newer: { readonly name: string; readonly at: EpochMs },
): void {
  course.why = "superseded";
  course.newer = newer.name;
  // Its clock may differ from ours: never longer than a hand-over from now.
  const handedAt = after(earliest(newer.at, clock.now()), handOverMs(settings));
  course.endAt = earliest(course.endAt, handedAt);
  course.handedAt = handedAt;
}

/** Once a newer run takes over, only what is agreed to be the older one's. */
function ours({ view }: Starter, { handedAt }: Course): readonly Wanted[] {
  const wanted = view.wanted();
  return handedAt === undefined ? wanted : wanted.filter(({ need }) => isOfOlder(need, handedAt));
}

function dueNow(starter: Starter, course: Course): Wanted[] {
  const now = starter.deps.clock.now();
  const { endAt, handedAt } = course;
  return ours(starter, course).filter(({ at, need }) => {
    if (at < endAt) return at <= now;
    // To be started when we are gone, by how quick we expect it to be: a moment early, then.
    return handedAt !== undefined && at === need.at;
  });
}

function restMs(starter: Starter, course: Course): number {
  const { clock } = starter.deps;
  const { lookedAt, endAt, pollMs } = course;
  const now = clock.now();
  const looksAt = after(lookedAt ?? now, pollMs);
  const next = soonest(ours(starter, course), earliest(looksAt, endAt));
  return Math.max(TURN_MIN_MS, Math.min(pollMs, next - now));
}
