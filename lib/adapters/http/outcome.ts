/**
 * From what a capture measured to what is kept of it: verdict, values and timings.
 *
 * In:    plan, answer, moments on the scale of performance.now()     Out: parts of a Capture
 * Holds: pure; timings are those of the last request, of its connection only if it opened one.
 */
import { evaluate, isScalar } from "#domain/assertion.ts";
import { formatDuration } from "#domain/duration.ts";
import type { Scalar } from "#domain/http-settings.ts";
import { findAt } from "#domain/json-path.ts";
import type { Failure, PhaseTimings } from "#domain/sample.ts";
import type { ReceivedAnswer } from "./answer.ts";
import type { Opened } from "./connect.ts";
import type { Stage } from "./failures.ts";
import type { Plan } from "./plan.ts";

/** The first assertion that fails; or that values to be kept can't be read. */
export function verdictOn(plan: Plan, answer: ReceivedAnswer): Failure | undefined {
  for (const assertion of plan.assertions) {
    const failure = evaluate(assertion, answer);
    if (failure !== undefined) return failure;
  }
  if (plan.keep.length === 0) return undefined;
  const json = answer.json();
  if (json.kind === "json") return undefined;
  return { code: "not-json", message: `values are to be kept: found ${json.found}` };
}

/** The same as far as the head tells: for a body that can't be had. */
export function headVerdictOn(plan: Plan, answer: ReceivedAnswer): Failure | undefined {
  for (const assertion of plan.assertions) {
    const failure = assertion.needs === "head" ? evaluate(assertion, answer) : undefined;
    if (failure !== undefined) return failure;
  }
  return undefined;
}

const NO_VALUES: Readonly<Record<string, Scalar>> = Object.freeze({});
const KEPT_CHARACTERS_MAX = 256;

/** Kept values, and `certificate_days` where there is a certificate. */
export function valuesOf(
  plan: Plan,
  answer: ReceivedAnswer | undefined,
  certificateDays: number | undefined,
): Readonly<Record<string, Scalar>> {
  const wanted = plan.keep.length > 0 && answer !== undefined;
  if (certificateDays === undefined && !wanted) return NO_VALUES;
  const values: Record<string, Scalar> = {};
  if (certificateDays !== undefined) values["certificate_days"] = certificateDays;
  const json = wanted ? answer.json() : undefined;
  if (json?.kind !== "json" || answer === undefined) return values;
  for (const { name, path } of plan.keep) {
    const value = findAt(json.value, path);
    if (typeof value === "string") {
      values[name] = answer.redact(value).slice(0, KEPT_CHARACTERS_MAX);
    } else if (isScalar(value)) {
      values[name] = value;
    }
  }
  return values;
}

/** Zero where the moment did not come. */
export interface Moments {
  readonly sentAt: number;
  readonly firstByteAt: number;
  readonly endedAt: number;
}

/** @param opened the connection, if this request was its first. */
export function timingsOf(moments: Moments, opened: Opened | undefined): PhaseTimings {
  const { sentAt, firstByteAt, endedAt } = moments;
  const firstByte = firstByteAt === 0 ? undefined : rounded(firstByteAt - sentAt);
  const body = firstByteAt === 0 || endedAt === 0 ? undefined : rounded(endedAt - firstByteAt);
  if (opened === undefined && firstByte !== undefined && body !== undefined) {
    return { firstByte, body };
  }
  return {
    ...(opened?.dns === undefined ? {} : { dns: rounded(opened.dns) }),
    ...(opened === undefined ? {} : { connect: rounded(opened.connect) }),
    ...(opened?.tls === undefined ? {} : { tls: rounded(opened.tls) }),
    ...(firstByte === undefined ? {} : { firstByte }),
    ...(body === undefined ? {} : { body }),
  };
}

/** Hundredths of a millisecond: what a sample keeps. */
export function rounded(spanMs: number): number {
  return Math.round(spanMs * 100) / 100;
}

const DOING: Readonly<Record<Stage, string>> = {
  "looking-up": "looking up its secrets",
  queued: "waiting for a connection",
  connecting: "connecting",
  waiting: "no answer came",
  reading: "the answer did not end",
  judging: "reading the answer",
};

export function totalExceeded(timeoutMs: number, stage: Stage): Failure {
  return {
    code: stage === "looking-up" ? "secret" : "timeout",
    message: `not done after ${formatDuration(timeoutMs)}: ${DOING[stage]}`,
  };
}

/** Limits of single stages, ms. */
export interface StageLimits {
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
}

/** The failure of a stage that outlasted its own limit; undefined where it has none. */
export function stageExceeded(limits: StageLimits, stage: Stage): Failure | undefined {
  switch (stage) {
    case "connecting": {
      const message = `no connection after ${formatDuration(limits.connectTimeoutMs)}`;
      return { code: "connect-timeout", message };
    }
    case "waiting": {
      const message = `no answer after ${formatDuration(limits.headersTimeoutMs)}`;
      return { code: "headers-timeout", message };
    }
    case "reading": {
      const message = `the body did not end after ${formatDuration(limits.bodyTimeoutMs)}`;
      return { code: "body-timeout", message };
    }
    case "looking-up":
    case "queued":
    case "judging":
      return undefined;
  }
}
