/**
 * The `http` probe: captures endpoints over HTTP/1.1, each with its assertions.
 *
 * In:    batches of targets whose probe is `http`        Out: results, in arrays as they come
 * Holds: one result per task; nothing that a target does ends in an exception; no more sockets
 *        than `socketsMax`; no connection to a forbidden address.
 * Source: README, "Endpoint files" and "Not captured".
 */
import { DependencyError, InvariantError } from "#domain/errors.ts";
import type { Assertion } from "#domain/http-settings.ts";
import { limits } from "#domain/limits.ts";
import type { Capture, Failure, PhaseTimings } from "#domain/sample.ts";
import type { Target } from "#domain/target.ts";
import { durationMs, type DurationMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { Probe } from "#ports/probe.ts";
import type { Secrets } from "#ports/secrets.ts";
import { openBatches, STOPPED, type Batch } from "./batch.ts";
import { Connections } from "./connections.ts";
import { deadlines } from "./deadlines.ts";
import { isBound, NOTHING_REVEALED, type Revealed } from "./exposure.ts";
import { CaptureError, failureOf } from "./failures.ts";
import { guard } from "./guard.ts";
import { hopTo } from "./hop.ts";
import { names, type Lookup, type Names } from "./names.ts";
import { planOf, type Plan, type PlanResult } from "./plan.ts";
import { warmUp } from "./warm-up.ts";
import { Run, type Redirected, type RunContext } from "./run.ts";

export interface HttpProbeOptions {
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** Sockets at once, idle ones included. */
  readonly socketsMax?: number;
  /** Requests at once to one host that is neither loopback nor private. */
  readonly perHostMax?: number;
  /** Least time between two starts at such a host. */
  readonly perHostGapMs?: number;
  /** Of a body, as it comes and unpacked. */
  readonly bodyBytesMax?: number;
  /** Resolution, TCP and TLS together. */
  readonly connectTimeoutMs?: number;
  /** From the request's start to the answer's head. */
  readonly headersTimeoutMs?: number;
  /** From the answer's first byte to its last. */
  readonly bodyTimeoutMs?: number;
  /** How long an idle connection is kept when the server names no time. */
  readonly keepAliveMs?: number;
  /** `host:port` pairs that no target may reach: the store, the runtime's interface. */
  readonly forbidden?: readonly string[];
  /** Whether loopback and private addresses may be captured. */
  readonly allowPrivate?: boolean;
  readonly lookup?: Lookup;
}

export interface AssertionReport {
  readonly assertion: Assertion;
  readonly passed: boolean;
  readonly expected: string;
  readonly found: string;
}

/** A capture with all that was seen on the way. */
export interface CaptureReport {
  readonly capture: Capture;
  /** Empty when no answer came. */
  readonly assertions: readonly AssertionReport[];
  readonly timings: PhaseTimings;
  readonly redirects: readonly Redirected[];
  readonly status?: number;
  readonly remoteAddress?: string;
  readonly certificateDays?: number;
}

export interface HttpProbe extends Probe {
  /** Captures one target once and tells everything; `timeoutMs` is the target's own by default. */
  captureVerbose(
    target: Pick<Target, "probe">,
    options?: { readonly timeoutMs?: DurationMs; readonly signal?: AbortSignal },
  ): Promise<CaptureReport>;
  stats(): { readonly open: number; readonly idle: number; readonly hosts: number };
}

/** @throws InvalidInputError when a forbidden place is not `host:port`. */
export function httpProbe(options: HttpProbeOptions): HttpProbe {
  const known = names(options.lookup);
  const context = contextOf(options, known);
  const open = openBatches();

  const begin = (task: Task, index: number, batch: Batch, stopped: boolean): void => {
    const { probe } = task.target;
    const plan = probe.kind === "http" ? planOf(probe) : wrongProbe(probe.kind);
    if (stopped || plan.kind === "unusable") {
      const failure = plan.kind === "unusable" ? plan.failure : STOPPED;
      batch.add(index, notStarted(failure, options.clock));
      return;
    }
    const run = new Run(context, plan, { index, timeoutMs: task.timeoutMs, owner: batch });
    batch.runs.push(run);
    if (plan.first === undefined) void startWithSecrets(run, plan, options.secrets);
    else run.start(plan.first, NOTHING_REVEALED);
  };

  return {
    capture: (tasks, signal) => {
      const batch = open.add(tasks.length, signal);
      let index = 0;
      for (const task of tasks) {
        begin(task, index, batch, signal.aborted);
        index += 1;
      }
      return batch;
    },
    captureVerbose: (target, { timeoutMs, signal = new AbortController().signal } = {}) => {
      const asked = target.probe.kind === "http" ? target.probe.timeoutMs : limits.timeoutMaxMs;
      const batch = open.add(1, signal);
      const report = reportOn(batch);
      begin({ target, timeoutMs: timeoutMs ?? asked }, 0, batch, signal.aborted);
      return report;
    },
    warm: () => warmUp(httpProbe({ clock: options.clock, secrets: options.secrets })),
    refresh: () => {
      known.forget();
      context.connections.refresh();
    },
    close: async () => {
      open.stopAll();
      await context.connections.close();
    },
    stats: () => context.connections.stats(),
  };
}

interface Task {
  readonly target: Pick<Target, "probe">;
  readonly timeoutMs: DurationMs;
}

const DEFAULTS = {
  socketsMax: limits.socketsMax,
  perHostMax: 64,
  perHostGapMs: 0,
  bodyBytesMax: 1024 * 1024,
  connectTimeoutMs: 5_000,
  // The target's own time-out is the usual limit; these are for who wants them narrower.
  headersTimeoutMs: limits.timeoutMaxMs,
  bodyTimeoutMs: limits.timeoutMaxMs,
  // Longer than most servers keep theirs (nginx 75 s), so that a check every minute can reuse one.
  keepAliveMs: 70_000,
} as const;

function contextOf(options: HttpProbeOptions, known: Names): RunContext {
  const set = { ...DEFAULTS, forbidden: [], allowPrivate: true, ...options };
  return {
    connections: new Connections({
      socketsMax: set.socketsMax,
      perHostMax: set.perHostMax,
      perHostGapMs: set.perHostGapMs,
      keepAliveMs: set.keepAliveMs,
      names: known,
      guard: guard({ forbidden: set.forbidden, allowPrivate: set.allowPrivate, names: known }),
    }),
    deadlines: deadlines(),
    clock: set.clock,
    bodyBytesMax: set.bodyBytesMax,
    connectTimeoutMs: set.connectTimeoutMs,
    headersTimeoutMs: set.headersTimeoutMs,
    bodyTimeoutMs: set.bodyTimeoutMs,
  };
}

function wrongProbe(kind: string): PlanResult {
  const message = `the http probe can't capture a target whose probe is ${kind}`;
  return { kind: "unusable", failure: { code: "configuration", message } };
}

function notStarted(failure: Failure, clock: Clock): Capture {
  return { startedAt: clock.now(), durationMs: durationMs(0), failure, values: {} };
}

async function startWithSecrets(run: Run, plan: Plan, secrets: Secrets): Promise<void> {
  run.lookUp();
  try {
    const revealed = await reveal(plan, secrets);
    const { settings, url } = plan;
    run.start(hopTo({ settings, home: url, url, method: plan.method }, revealed), revealed);
  } catch (error) {
    run.stop(failureOf(error, "queued"));
  }
}

async function reveal(plan: Plan, secrets: Secrets): Promise<Revealed> {
  const revealed = new Map<string, string>();
  for (const ref of plan.secrets) {
    if (!isBound(ref, plan.url, plan.url)) {
      const hosts = ref.hosts?.join(", ") ?? "";
      throw new CaptureError("secret", `${ref.$ref} may be sent to ${hosts} only`);
    }
    const result = await secrets.find(ref.$ref).catch((cause: unknown) => {
      // An adapter's own words never hold a secret; anybody else's might.
      const isOurs = cause instanceof DependencyError;
      const message = isOurs ? cause.message : `${ref.$ref} can't be looked up now`;
      throw new CaptureError("secret", message, { cause });
    });
    if (result.kind === "missing") throw new CaptureError("secret", result.reason);
    revealed.set(ref.$ref, result.value);
  }
  return revealed;
}

async function reportOn(batch: Batch): Promise<CaptureReport> {
  let report: CaptureReport | undefined;
  batch.observer = (run, capture) => {
    report = reportOf(run, capture);
  };
  for await (const [result] of batch) {
    if (result === undefined) continue;
    const { capture } = result;
    report ??= { capture, assertions: [], timings: {}, redirects: [] };
  }
  if (report === undefined) throw new InvariantError("a capture ended without a result");
  return report;
}

function reportOf(run: Run, capture: Capture): CaptureReport {
  const { answer, opened } = run;
  const days = run.certificateDays();
  return {
    capture,
    assertions:
      answer === undefined
        ? []
        : run.plan.assertions.map((one) => ({
            assertion: one.assertion,
            passed: one.holds(answer),
            expected: one.expected,
            found: one.found(answer),
          })),
    timings: capture.timings ?? {},
    redirects: run.redirects ?? [],
    ...(answer === undefined ? {} : { status: answer.status }),
    ...(opened === undefined ? {} : { remoteAddress: opened.remoteAddress }),
    ...(days === undefined ? {} : { certificateDays: days }),
  };
}
