/**
 * One collector: owns a lease, captures what is due in its ranges, commits, and lets go in time.
 *
 *     acquire → follow (read schedules) → work until idle, deadline, stop or loss → let go → end
 *
 * Two things go on at once, in one thread: the work loop (`tick`) starts captures at their instants,
 * and the control steps below renew, poll requests, tend commits and decide when to leave.
 *
 * In:    deps, the invocation                              Out: CollectReport
 * Holds: see DESIGN, section 4; this file is the order of the steps, the parts decide nothing else.
 * Fails: never for an expected reason; DependencyError when the store can't be reached at the start.
 */
import { newLease } from "#domain/lease.ts";
import { releaseAt } from "#domain/lease-times.ts";
import { InvariantError } from "#domain/errors.ts";
import { countSlots, slotsIn } from "#domain/range.ts";
import { after, between, earliest, epochMs, type EpochMs } from "#domain/units.ts";
import { sleep } from "#ports/clock.ts";
import { acquireLease } from "./acquire.ts";
import { forgetDistant } from "./cache.ts";
import { chunkWriter } from "./chunk-writer.ts";
import { committer } from "./committer.ts";
import { control, readAll } from "./control.ts";
import { counters } from "./counters.ts";
import { gate } from "./gate.ts";
import { runHeap } from "./heap.ts";
import { lateWork } from "./late-work.ts";
import { leave, letKeptGo } from "./leave.ts";
import { sealKept } from "./letting-go.ts";
import { pulse, type Pulse } from "./pulse.ts";
import { requestPolls } from "./request-polls.ts";
import { requests } from "./requests.ts";
import { missUnseen } from "./rounds.ts";
import { isQuiet } from "./run.ts";
import type {
  CollectDeps,
  CollectEnding,
  CollectInvocationContext,
  CollectReport,
} from "./settings.ts";
import { followRanges, nextDueAt, openCut, readSlot } from "./slots.ts";
import { runsOf, wakeRun, type CollectorState } from "./state.ts";

/** How often the control steps are gone through. */
const STEP_MS = 100;
/** Slots read from the store at the same time. */
const READS_AT_ONCE = 16;
/** Slots whose targets are read while the lease is waited for. */
const READ_MEANWHILE_MAX = 256;

export async function collect(
  deps: CollectDeps,
  context: CollectInvocationContext,
): Promise<CollectReport> {
  // Its record alone: collectors that start together would read all leases as often as there are leases.
  const fleet = await deps.leases.findFleet(context.pool);
  if (fleet === undefined)
    throw new InvariantError(`pool ${context.pool} does not exist: found it first`);
  const collector = makeCollector(deps, context, fleet.slotsLog2);
  const acquired = await acquireLease(deps, context, (lease) => {
    void deps.probe.warm();
    readMeanwhile(collector.state, slotsIn(lease.ranges, collector.state.slotsLog2));
  });
  if (acquired.kind === "skipped") {
    deps.log.info("nothing to do: the lease is not free", {
      lease: context.lease,
      why: acquired.why,
    });
    return report(collector, "skipped", 0);
  }
  collector.state.redoThrough = acquired.silentSince ?? epochMs(0);
  return work(collector, acquired.lease);
}

type Collector = ReturnType<typeof makeCollector>;

function makeCollector(deps: CollectDeps, context: CollectInvocationContext, slotsLog2: number) {
  const now = deps.clock.now();
  const abort = new AbortController();
  const commits = committer(() => state);
  const writer = chunkWriter({
    store: deps.samples,
    clock: deps.clock,
    log: deps.log,
    pool: context.pool,
    lease: context.lease,
    owner: context.owner,
    epoch: () => state.lease.epoch,
    everyMs: deps.settings.chunkEveryMs,
    bytesMax: deps.settings.chunkBytesMax,
    onSealed: (sequence) => {
      commits.sealed(sequence);
    },
    onDurable: (sequence) => {
      commits.durable(sequence);
    },
    onFailed: (sequence, error) => {
      deps.log.error(
        "a chunk could not be kept; its captures are not committed and are done again",
        { sequence, error },
      );
      commits.lost(sequence);
    },
  });
  const state: CollectorState = {
    deps,
    owner: context.owner,
    pool: context.pool,
    slotsLog2,
    lease: newLease(context.pool, context.lease, [], now),
    expiresAt: epochMs(0),
    deadlineAt: context.deadlineAt,
    slots: new Map(),
    heap: runHeap(),
    counters: counters(deps.meter, undefined, now),
    late: lateWork(),
    writer,
    reads: gate(READS_AT_ONCE),
    openSequence: 1,
    reportedSequence: 0,
    openLines: 0,

    abort: abort.signal,
    inFlight: 0,
    redoThrough: epochMs(0),
    line: [],
    dueRate: 0,
    commits: 0,
    cachedBytes: 0,
    dirty: [],
    leaving: false,
    unanswered: undefined,
    wake: () => undefined,
    resume: () => undefined,
  };
  return {
    state,
    commits,
    context,
    abort,
    control: control(state),
    requests: requests(state, () => state.lease.ranges),
  };
}

/** A successor reads its slots while the owner still captures them. */
function readMeanwhile(state: CollectorState, slots: ReturnType<typeof slotsIn>): void {
  const holds = followRanges(state, slots.slice(0, READ_MEANWHILE_MAX));
  void (async () => {
    for (const hold of holds) await readSlot(state, hold).catch(() => undefined);
  })();
}

async function work(collector: Collector, lease: CollectorState["lease"]): Promise<CollectReport> {
  const { state } = collector;
  const { clock, log, meter } = state.deps;
  state.expiresAt = lease.holder?.expiresAt ?? clock.now();
  state.counters = counters(meter, lease.progress, clock.now());
  state.deps.probe.refresh();
  await takeLease(state, lease);
  log.info("owns the lease", { lease: lease.id, epoch: lease.epoch, slots: state.slots.size });
  const beat = pulse(state);
  try {
    await collector.control.follow(lease);
    // The deadline ends it at the latest.
    for (;;) {
      const ending = await untilLeaving(collector, beat);
      const isToStay = (): boolean => ending === "idle" && !isIdle(collector);
      const abandoned = await leave(collector, ending, isToStay);
      if (abandoned !== "stays") return report(collector, ending, abandoned);
    }
  } finally {
    beat.stop();
    collector.abort.abort();
  }
}

/** What was read while waiting may be old by now: schedules are read again, then cuts are looked up. */
async function takeLease(state: CollectorState, lease: CollectorState["lease"]): Promise<void> {
  state.lease = lease;
  followRanges(state, slotsIn(lease.ranges, state.slotsLog2));
  await readAll(state, [...state.slots.values()]);
  for (const run of runsOf(state)) {
    openCut(state, run);
    missUnseen(state, run);
    wakeRun(state, run, state.deps.clock.now());
  }
}

/** The control steps, until there is a reason to end. */
async function untilLeaving(collector: Collector, beat: Pulse): Promise<CollectEnding> {
  const { state, context } = collector;
  const { clock, settings } = state.deps;
  let heartbeatAt = after(state.expiresAt, settings.heartbeatEveryMs - settings.ttlMs);
  const polls = requestPolls(state, collector.requests);
  let idleSince: EpochMs | undefined;
  for (;;) {
    const now = clock.now();
    // A clock that was set back must not put off what counts real time.
    heartbeatAt = earliest(heartbeatAt, after(now, settings.heartbeatEveryMs));
    if (context.stop.aborted) return "stopped";
    const slots = countSlots(state.lease.ranges, state.slotsLog2);
    if (now >= releaseAt(context.deadlineAt, settings.longestTimeoutMs, slots)) return "deadline";
    if (beat.failure() !== undefined) return "failed";
    if (now >= heartbeatAt && beat.moved()) {
      if ((await collector.control.heartbeat()) === "lost") return "lost";
      heartbeatAt = after(now, settings.heartbeatEveryMs);
    }
    polls.tend(now);
    sealKept(state);
    collector.commits.tend();
    // A slot that came back is taken up as soon as what was kept of it is done.
    if (letKeptGo(state)) heartbeatAt = now;
    forgetDistant(state);
    idleSince = isIdle(collector) ? earliest(idleSince ?? now, now) : undefined;
    if (idleSince !== undefined && between(idleSince, now) >= settings.lingerMs) return "idle";
    await sleep(clock, STEP_MS, context.stop);
  }
}

/** Nothing due within the linger time, nothing under way, nothing open. */
function isIdle(collector: Collector): boolean {
  const { state } = collector;
  if (state.inFlight > 0 || state.late.waiting() > 0 || collector.requests.open() > 0) return false;
  if ([...state.slots.values()].some((hold) => hold.unread)) return false;
  const horizon = state.deps.clock.now() + state.deps.settings.lingerMs;
  return runsOf(state).every(
    (run) =>
      run.cut === undefined && run.kept === undefined && isQuiet(run) && nextDueAt(run) > horizon,
  );
}

function report(collector: Collector, ending: CollectEnding, abandoned: number): CollectReport {
  const { state } = collector;
  const units = state.counters.units();
  return {
    ending,
    lease: collector.context.lease,
    epoch: state.lease.epoch,
    captures: state.counters.total("captures"),
    failed: state.counters.total("failed"),
    missed: state.counters.total("missed"),
    late: state.counters.total("late"),
    commits: state.commits,
    abandoned,
    readUnits: units.read,
    writeUnits: units.write,
  };
}
