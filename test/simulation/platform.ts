/**
 * The platform that runs the functions: Lambda, its asynchronous queue and the scheduler, with all
 * that may go wrong there.
 *
 * An asynchronous invocation and the moves between its states:
 *
 *     accepted --dispatched, perhaps late, perhaps twice--> starting --environment ready--> running
 *     running --returns--> done
 *     running --throws, is killed, or its time is over--> accepted again, while retries are left
 *     accepted --older than its maximum age--> discarded
 *
 * Holds: an environment serves one invocation at a time and is frozen in between; one that is killed
 *        or whose time is over never comes back; one of an older version is not used again.
 * Source: AWS Lambda developer guide, "How Lambda handles errors and retries with asynchronous
 *         invocation" and "Understanding the Lambda execution environment lifecycle". Read 2026-11.
 */
import { after, type EpochMs } from "#domain/units.ts";
import type { FunctionName } from "#functions/manifest.ts";
import type { Random } from "#test/support/rehearsal-random.ts";
import type { WorldClock } from "./clock.ts";
import type { Counts } from "./counts.ts";
import type { ClockError, SimulatedProcess } from "./process.ts";
import { simulatedProcess } from "./process.ts";
import type { Trace } from "./trace.ts";
import { oneWay, type Weather } from "./weather.ts";

/** One invocation, as the function sees it. */
export interface Invocation {
  readonly event: string;
  readonly deadlineAt: EpochMs;
  readonly stop: AbortSignal;
}

export type Handler = (invocation: Invocation) => Promise<unknown>;

export interface PlatformFunction {
  readonly timeoutMs: number;
  readonly stopBeforeMs: number;
  readonly retriesMax: number;
  readonly ageMaxMs: number;
  readonly scheduleEveryMs?: number;
  /** What an environment does when it starts: the handler keeps what is made then. */
  load(process: SimulatedProcess): Handler;
}

export interface Running {
  readonly name: FunctionName;
  readonly event: string;
  readonly process: SimulatedProcess;
  readonly startedAt: EpochMs;
}

export interface PlatformOptions {
  readonly clock: WorldClock;
  readonly random: Random;
  readonly weather: Weather;
  readonly counts: Counts;
  readonly trace: Trace;
  readonly functions: Readonly<Record<FunctionName, PlatformFunction>>;
  /** How wrong the clock of a new environment is. */
  readonly clockError: (random: Random) => ClockError;
  /** Share of scheduled invocations that never come. */
  readonly missedShare: () => number;
  /** How late a scheduled invocation comes at most. */
  readonly lateMaxMs: number;
  /** What a handler threw; DependencyError is life. */
  readonly onFailure: (name: FunctionName, who: string, error: unknown) => void;
  readonly coldMs: { readonly least: number; readonly most: number };
}

export interface Platform {
  invokeAsync(name: FunctionName, event: string): void;
  startSchedules(): void;
  running(name?: FunctionName): readonly Running[];
  /** Environments that live, frozen ones included. */
  processes(): readonly SimulatedProcess[];
  /** Ends an environment as a crash would. */
  kill(process: SimulatedProcess): void;
  /** New code: environments of before take no more events, what runs goes on. */
  deploy(): void;
  /** New code at once: what runs is asked to stop, and killed `graceMs` later. */
  replaceAll(graceMs: number): void;
}

const DISPATCH_MS = { least: 10, most: 80 };
const WARM_MS = { least: 3, most: 20 };
const IDLE_MAX_MS = 7 * 60_000;
const RETRY_AFTER_MS = [60_000, 120_000];

interface Environment {
  readonly version: number;
  readonly process: SimulatedProcess;
  readonly handler: Handler;
  idleSince: number;
}

interface Queued {
  readonly name: FunctionName;
  readonly event: string;
  readonly acceptedAt: EpochMs;
  /** Counts from 1. */
  readonly attempt: number;
}

interface Active extends Running {
  readonly askToStop: () => void;
  readonly crash: () => void;
}

export function platform(options: PlatformOptions): Platform {
  const { clock, random, weather, counts, trace, functions } = options;
  const idle = new Map<FunctionName, Environment[]>();
  const active = new Set<Active>();
  const living = new Set<SimulatedProcess>();
  const made = new Map<FunctionName, number>();
  let version = 1;

  function dispatch(queued: Queued, inMs: number): void {
    clock.after(inMs, () => {
      begin(queued);
    });
  }

  function begin(queued: Queued): void {
    const { name, acceptedAt } = queued;
    if (clock.now() - acceptedAt > functions[name].ageMaxMs) {
      trace.note(clock.now(), "platform", "too old, discarded:", `${name} ${queued.event}`);
      return;
    }
    const known = takeEnvironment(name);
    const span = known === undefined ? options.coldMs : WARM_MS;
    clock.after(random.between(span.least, span.most), () => {
      run(queued, known ?? newEnvironment(name));
    });
  }

  function newEnvironment(name: FunctionName): Environment {
    const number = (made.get(name) ?? 0) + 1;
    made.set(name, number);
    const process = simulatedProcess(clock, `${name}-${number}`, options.clockError(random));
    living.add(process);
    return { version, process, handler: functions[name].load(process), idleSince: 0 };
  }

  function takeEnvironment(name: FunctionName): Environment | undefined {
    const usable: Environment[] = [];
    for (const one of idle.get(name) ?? []) {
      if (one.process.state === "dead") continue;
      if (one.version === version && clock.now() - one.idleSince < IDLE_MAX_MS) usable.push(one);
      else end(one.process);
    }
    // The one that was used last, as the platform does.
    const taken = usable.pop();
    idle.set(name, usable);
    return taken;
  }

  function end(process: SimulatedProcess): void {
    process.kill();
    living.delete(process);
  }

  function run(queued: Queued, environment: Environment): void {
    const { name, event } = queued;
    const { process } = environment;
    const { timeoutMs, stopBeforeMs } = functions[name];
    // Killed while it was to be woken up: the platform takes another.
    if (process.state === "dead") {
      begin(queued);
      return;
    }
    const stop = new AbortController();
    const startedAt = clock.now();
    const cancels = [
      clock.after(timeoutMs - stopBeforeMs, () => {
        process.deliver(() => {
          stop.abort();
        });
      }),
      clock.after(timeoutMs, () => {
        counts.add("time-outs");
        trace.note(clock.now(), process.name, "time-out");
        finish("crashed");
      }),
    ];
    const running: Active = {
      name,
      event,
      process,
      startedAt,
      askToStop: () => {
        process.deliver(() => {
          stop.abort();
        });
      },
      crash: () => {
        finish("crashed");
      },
    };

    function finish(how: "returned" | "threw" | "crashed"): void {
      if (!active.delete(running)) return;
      for (const cancel of cancels) cancel();
      trace.note(clock.now(), process.name, how);
      if (how === "crashed") {
        end(process);
      } else {
        process.freeze();
        counts.add("freezes");
        environment.idleSince = clock.now();
        idle.set(name, [...(idle.get(name) ?? []), environment]);
      }
      if (how !== "returned") retry(queued);
    }

    active.add(running);
    trace.note(startedAt, process.name, "starts", event);
    if (process.thaw() > 0) counts.add("thaws with old work");
    const deadlineAt = after(process.clock.now(), timeoutMs);
    environment.handler({ event, deadlineAt, stop: stop.signal }).then(
      () => {
        finish("returned");
      },
      (error: unknown) => {
        if (!active.has(running)) return;
        options.onFailure(name, process.name, error);
        finish("threw");
      },
    );
  }

  function retry(queued: Queued): void {
    const { attempt, name } = queued;
    if (attempt > functions[name].retriesMax) return;
    counts.add("retried invocations");
    dispatch({ ...queued, attempt: attempt + 1 }, RETRY_AFTER_MS[attempt - 1] ?? 0);
  }

  function invokeAsync(name: FunctionName, event: string): void {
    const queued = { name, event, acceptedAt: clock.now(), attempt: 1 };
    dispatch(queued, lateness());
    if (random() >= weather.duplicateShare) return;
    counts.add("duplicate deliveries");
    trace.note(clock.now(), "platform", "will deliver twice:", `${name} ${event}`);
    dispatch(queued, random() < 0.5 ? lateness() : 180_000 * random() ** 2);
  }

  function lateness(): number {
    const usual = random.between(DISPATCH_MS.least, DISPATCH_MS.most);
    if (random() >= weather.lateShare) return usual;
    counts.add("late deliveries");
    return usual + 120_000 * random() ** 2;
  }

  function startSchedules(): void {
    for (const [name, { scheduleEveryMs }] of entriesOf(functions)) {
      if (scheduleEveryMs === undefined) continue;
      const tick = (): void => {
        const isMissed = random() < options.missedShare();
        if (isMissed) {
          counts.add("missed rebalances");
          trace.note(clock.now(), "platform", "misses the schedule of", name);
        } else {
          clock.after(random() * options.lateMaxMs, () => {
            invokeAsync(name, "");
          });
        }
        clock.after(scheduleEveryMs, tick);
      };
      clock.after(random.between(0, scheduleEveryMs), tick);
    }
  }

  return {
    invokeAsync,
    startSchedules,
    running: (name) => [...active].filter((one) => name === undefined || one.name === name),
    processes: () => [...living],
    kill(process) {
      if (process.state === "dead") return;
      counts.add("kills");
      trace.note(clock.now(), process.name, "killed");
      for (const one of active) if (one.process === process) one.crash();
      end(process);
    },
    deploy() {
      version += 1;
      counts.add("deployments");
      trace.note(clock.now(), "platform", "deploys");
    },
    replaceAll(graceMs) {
      version += 1;
      counts.add("deployments");
      trace.note(clock.now(), "platform", "replaces everything");
      for (const one of [...active]) {
        one.askToStop();
        clock.after(graceMs, one.crash);
      }
      for (const name of idle.keys()) {
        for (const { process } of idle.get(name) ?? []) end(process);
      }
      idle.clear();
    },
  };
}

function entriesOf(
  functions: PlatformOptions["functions"],
): readonly (readonly [FunctionName, PlatformFunction])[] {
  return [
    ["rebalance", functions.rebalance],
    ["health-check", functions["health-check"]],
    ["collect", functions.collect],
  ];
}

/** How long one way takes for what isn't the store. */
export function callMs(weather: Weather, random: Random): number {
  return 2 * oneWay(weather, random);
}
