/**
 * The platform that runs the functions, in a rehearsal: Lambda, its asynchronous queue, the
 * scheduler and the dead-letter queue, as AWS documents them.
 *
 * An asynchronous invocation and the moves between its states:
 *
 *     accepted --room, and young enough--> running --returns--> done
 *     accepted --no room--> accepted, again after 1 s, 2 s, 4 s … (at most 5 min)
 *     accepted --older than its maximum age--> dead letter
 *     running --throws, is killed, or its time is over--> accepted again after 1 and 2 minutes, while
 *         retries are left; else dead letter
 *
 * Holds: environments are reused while they are of the newest version and idle for less than
 *        IDLE_MAX_MS; `Invocations` and `Errors` are published when an invocation ends, for the
 *        minute in which it began.
 * Source: AWS Lambda developer guide, "Types of metrics for Lambda functions" (the timestamp is that
 *         of the invocation) and "How Lambda handles errors and retries with asynchronous
 *         invocation"; EventBridge Scheduler (a precision of a minute); SQS developer guide,
 *         "Available CloudWatch metrics" (a queue that was inactive is reported up to 15 minutes
 *         later). Read 2026-11.
 */
import { after, type EpochMs } from "#domain/units.ts";
import type { FunctionManifest, FunctionName } from "#functions/manifest.ts";
import type { Clock } from "#ports/clock.ts";
import type { RehearsalMetrics } from "./rehearsal-metrics.ts";
import { rehearsalProcess, type RehearsalProcess } from "./rehearsal-process.ts";
import type { Random } from "./rehearsal-random.ts";
import type { AsyncSettings } from "./rehearsal-template.ts";

/** One invocation, as the function sees it. */
export interface Invocation {
  readonly event: string;
  readonly process: RehearsalProcess;
  readonly deadlineAt: EpochMs;
  readonly stop: AbortSignal;
}

export type Handler = (invocation: Invocation) => Promise<unknown>;

export interface DeployedFunction {
  readonly manifest: FunctionManifest;
  /** How long before the deadline `stop` is aborted, as the handler says. */
  readonly stopBeforeMs: number;
  readonly async: AsyncSettings;
  /** What an environment does when it starts: its handler keeps what was made then. */
  load(): Handler;
}

/** What goes wrong; changed while time passes. */
export interface PlatformFaults {
  /** Share of invocations that throw at once: evenly spread, the first of them doesn't. */
  readonly throwing: Map<FunctionName, number>;
  /** Functions whose invocations do nothing until their time is over. */
  readonly hanging: Set<FunctionName>;
  /** Functions whose new environments take so much longer until they are ready. */
  readonly slow: Map<FunctionName, number>;
  /** Functions that have no concurrency left: nothing new is started. */
  readonly full: Set<FunctionName>;
  /** Functions whose schedule is switched off. */
  readonly unscheduled: Set<FunctionName>;
}

export interface Running {
  readonly name: FunctionName;
  readonly event: string;
  readonly process: RehearsalProcess;
  readonly startedAt: EpochMs;
  /** Ends it as a crash would. */
  crash(): void;
  /** Asks for an orderly end. */
  askToStop(): void;
}

export interface RehearsalPlatform {
  readonly faults: PlatformFaults;
  invokeAsync(name: FunctionName, event: string): void;
  /** Starts the schedules of all functions that have one. */
  startSchedules(): void;
  /** New code for all functions: environments of before take no more events; what runs goes on. */
  deploy(): void;
  running(name: FunctionName): readonly Running[];
  /** Called with every invocation that begins, before it runs. */
  onStart(listener: (running: Running) => void): void;
  /** Somebody has looked at the dead letters and removed them. */
  purgeDeadLetters(): void;
  readonly counts: {
    readonly started: number;
    readonly failed: number;
    /** Dead letters. */
    readonly dead: number;
  };
}

export interface PlatformOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: RehearsalMetrics;
  readonly functions: Readonly<Record<FunctionName, DeployedFunction>>;
  readonly deadLettersKeptMs: number;
}

const DISPATCH_MS = { least: 10, most: 80 };
const COLD_MS = { least: 350, most: 1_200 };
const WARM_MS = { least: 3, most: 20 };
const IDLE_MAX_MS = 7 * 60_000;
const RETRY_AFTER_MS = [60_000, 120_000];
const THROTTLED_FIRST_MS = 1_000;
const THROTTLED_MOST_MS = 300_000;
const MINUTE_MS = 60_000;
const QUEUE_WAKES_MS = { least: 60_000, most: 15 * 60_000 };

interface Environment {
  readonly version: number;
  readonly handler: Handler;
  idleSince: number;
}

interface Queued {
  readonly name: FunctionName;
  readonly event: string;
  readonly acceptedAt: EpochMs;
  /** Counts from 1. */
  readonly attempt: number;
  readonly throttled: number;
}

export function rehearsalPlatform(options: PlatformOptions): RehearsalPlatform {
  const { clock, random, metrics, functions } = options;
  const faults: PlatformFaults = {
    throwing: new Map(),
    hanging: new Set(),
    slow: new Map(),
    full: new Set(),
    unscheduled: new Set(),
  };
  const idle = new Map<FunctionName, Environment[]>();
  const active = new Set<Running>();
  const listeners: ((running: Running) => void)[] = [];
  const counts = { started: 0, failed: 0, dead: 0 };
  const deadLetters = deadLetterQueue(options);
  let version = 1;

  function dispatch(queued: Queued, inMs: number): void {
    clock.after(inMs, () => begin(queued));
  }

  function begin(queued: Queued): void {
    const { name } = queued;
    if (clock.now() - queued.acceptedAt > functions[name].async.ageMaxMs) {
      discard(queued);
      return;
    }
    if (faults.full.has(name)) {
      const { throttled } = queued;
      const pauseMs = Math.min(THROTTLED_FIRST_MS * 2 ** throttled, THROTTLED_MOST_MS);
      dispatch({ ...queued, throttled: throttled + 1 }, pauseMs);
      return;
    }
    const environment = takeEnvironment(name);
    const span = environment === undefined ? COLD_MS : WARM_MS;
    const moreMs = environment === undefined ? (faults.slow.get(name) ?? 0) : 0;
    clock.after(random.between(span.least, span.most) + moreMs, () =>
      run(queued, environment ?? { version, handler: functions[name].load(), idleSince: 0 }),
    );
  }

  function takeEnvironment(name: FunctionName): Environment | undefined {
    const usable = (idle.get(name) ?? []).filter(
      (one) => one.version === version && clock.now() - one.idleSince < IDLE_MAX_MS,
    );
    // The one that was used last, as the platform does.
    const taken = usable.pop();
    idle.set(name, usable);
    return taken;
  }

  function run(queued: Queued, environment: Environment): void {
    const { name, event } = queued;
    const { manifest, stopBeforeMs } = functions[name];
    const startedAt = clock.now();
    const process = rehearsalProcess(clock);
    const stop = new AbortController();
    const cancels = [
      clock.after(manifest.timeoutMs - stopBeforeMs, () => stop.abort()),
      clock.after(manifest.timeoutMs, () => finish("crashed")),
    ];
    const running: Running = {
      name,
      event,
      process,
      startedAt,
      crash: () => finish("crashed"),
      askToStop: () => stop.abort(),
    };

    function finish(how: "returned" | "threw" | "crashed"): void {
      if (!active.delete(running)) return;
      for (const cancel of cancels) cancel();
      // What it left undone is frozen with its environment.
      process.kill();
      published(name, startedAt, how === "returned" ? 0 : 1);
      if (how !== "crashed") giveBack(name, environment);
      if (how === "returned") return;
      counts.failed += 1;
      retry(queued);
    }

    active.add(running);
    counts.started += 1;
    for (const listener of listeners) listener(running);
    if (isToThrow(name)) {
      finish("threw");
      return;
    }
    if (faults.hanging.has(name)) return;
    const deadlineAt = after(startedAt, manifest.timeoutMs);
    environment.handler({ event, process, deadlineAt, stop: stop.signal }).then(
      () => finish("returned"),
      () => finish("threw"),
    );
  }

  const owed = new Map<FunctionName, number>();
  function isToThrow(name: FunctionName): boolean {
    const sum = (owed.get(name) ?? 0) + (faults.throwing.get(name) ?? 0);
    owed.set(name, sum >= 1 ? sum - 1 : sum);
    return sum >= 1;
  }

  function giveBack(name: FunctionName, environment: Environment): void {
    environment.idleSince = clock.now();
    idle.set(name, [...(idle.get(name) ?? []), environment]);
  }

  function published(name: FunctionName, at: EpochMs, errors: number): void {
    const of = { kind: "function", function: name } as const;
    metrics.put({ namespace: "AWS/Lambda", name: "Invocations", of }, { at, values: [1] });
    metrics.put({ namespace: "AWS/Lambda", name: "Errors", of }, { at, values: [errors] });
  }

  function retry(queued: Queued): void {
    const { attempt, name } = queued;
    if (attempt > functions[name].async.retriesMax) {
      discard(queued);
      return;
    }
    const pauseMs = RETRY_AFTER_MS[attempt - 1] ?? 0;
    dispatch({ ...queued, attempt: attempt + 1 }, pauseMs);
  }

  function discard({ name }: Queued): void {
    if (!functions[name].async.hasDeadLetters) return;
    counts.dead += 1;
    deadLetters.add();
  }

  function invokeAsync(name: FunctionName, event: string): void {
    const queued = { name, event, acceptedAt: clock.now(), attempt: 1, throttled: 0 };
    dispatch(queued, random.between(DISPATCH_MS.least, DISPATCH_MS.most));
  }

  /** Mostly punctual to some seconds; now and then anywhere within the minute that is documented. */
  function lateMs(): number {
    return random() < 0.01 ? random.between(0, MINUTE_MS - 1_000) : random.between(0, 3_000);
  }

  function startSchedules(): void {
    for (const { manifest } of Object.values(functions)) {
      const { name, scheduleEveryMs: everyMs } = manifest;
      if (everyMs === undefined) continue;
      let next = random.between(0, everyMs);
      const tick = (): void => {
        clock.after(lateMs(), () => {
          if (!faults.unscheduled.has(name)) invokeAsync(name, "{}");
        });
        next = everyMs;
        clock.after(next, tick);
      };
      clock.after(next, tick);
    }
  }

  return {
    faults,
    invokeAsync,
    startSchedules,
    deploy() {
      version += 1;
    },
    running: (name) => [...active].filter((one) => one.name === name),
    onStart(listener) {
      listeners.push(listener);
    },
    purgeDeadLetters: () => deadLetters.purge(),
    counts,
  };
}

/** Reported every minute once it is active; a queue that nobody used takes a while to wake up. */
function deadLetterQueue({ clock, random, metrics, deadLettersKeptMs }: PlatformOptions) {
  let letters: EpochMs[] = [];
  let isActive = false;

  function report(): void {
    const now = clock.now();
    letters = letters.filter((at) => now - at < deadLettersKeptMs);
    const of = { kind: "dead-letter-queue" } as const;
    const metric = {
      namespace: "AWS/SQS",
      name: "ApproximateNumberOfMessagesVisible",
      of,
    } as const;
    metrics.put(metric, { at: now, values: [letters.length] });
    clock.after(MINUTE_MS, report);
  }

  return {
    add() {
      letters.push(clock.now());
      if (isActive) return;
      isActive = true;
      clock.after(random.between(QUEUE_WAKES_MS.least, QUEUE_WAKES_MS.most), report);
    },
    purge() {
      letters = [];
    },
  };
}
