/**
 * One capture, from asking for a connection to its result: requests, redirects, limits, judgement.
 *
 *     looking-up → queued → connecting → waiting → reading → judging → settled
 *              (start)    (lend)       (sent)    (head)    (body's end)
 *     reading → queued when a redirect is followed; waiting → queued when a reused connection
 *     turns out to be stale (once); any → settled on a limit, an error or a stop.
 *
 * Undici's `dispatch` is used, which is what its `request` is made of, without the stream and the
 * promises: 0.70 to 0.95 × the processor time (103 against 149 µs, 110 against 116 µs at 1,000/s on
 * two busy cores, 2026-11-21, `node bench/http-probe-cost.ts`), and it tells when the request is
 * written and when the first byte comes.
 *
 * Holds: settles once; holds at most one connection; every stage has a deadline.
 */
import type { Dispatcher } from "undici";
import type { Capture, Failure } from "#domain/sample.ts";
import { durationMs, type DurationMs, type EpochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import { ReceivedAnswer, type Headers } from "./answer.ts";
import { daysLeft } from "./certificate.ts";
import type { Opened } from "./connect.ts";
import type { Borrower, Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { UNSET, type Deadlines, type Entry } from "./deadlines.ts";
import { codingsOf, decode } from "./decode.ts";
import { NOTHING_REVEALED, redactor, type Revealed } from "./exposure.ts";
import { CaptureError, failureOf, isReset, type Stage } from "./failures.ts";
import { hopAfter, isRedirect, placeOf, type Hop } from "./hop.ts";
import {
  headVerdictOn,
  rounded,
  stageExceeded,
  timingsOf,
  totalExceeded,
  valuesOf,
  verdictOn,
  type Moments,
  type StageLimits,
} from "./outcome.ts";
import type { Plan } from "./plan.ts";

/** What all captures of a probe share. */
export interface RunContext extends StageLimits {
  readonly connections: Connections;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  readonly bodyBytesMax: number;
}

export interface Settled {
  settled(run: Run, capture: Capture): void;
}

export interface Redirected {
  readonly status: number;
  readonly to: string;
}

const NO_BODY = Buffer.alloc(0);
const REDIRECT_BODY_MAX = 65_536;

/** A class: one is made for each capture, and undici calls its methods by name. */
export class Run implements Dispatcher.DispatchHandler, Borrower, Entry, Moments {
  dueAt = 0;
  bucket = UNSET;
  previousEntry: Entry | undefined = undefined;
  nextEntry: Entry | undefined = undefined;

  readonly index: number;
  answer: ReceivedAnswer | undefined = undefined;
  opened: Opened | undefined = undefined;
  redirects: Redirected[] | undefined = undefined;

  private readonly context: RunContext;
  readonly plan: Plan;
  private readonly timeoutMs: number;
  private readonly owner: Settled;
  private revealed: Revealed = NOTHING_REVEALED;
  private redactor: ((text: string) => string) | undefined = undefined;
  private hop: Hop | undefined = undefined;
  private stage: Stage = "queued";
  private settled = false;
  private connection: Connection | undefined = undefined;
  private controller: Dispatcher.DispatchController | undefined = undefined;
  private retried = false;
  /** Whether the connection had served others before. */
  private reused = false;
  private startedAt: EpochMs | undefined = undefined;
  private beganAt = 0;
  private totalAt = 0;
  sentAt = 0;
  firstByteAt = 0;
  endedAt = 0;
  private status = 0;
  private headers: Headers = {};
  private bytes = 0;
  private chunks: Buffer[] | undefined = undefined;

  constructor(context: RunContext, plan: Plan, task: RunTask) {
    this.context = context;
    this.plan = plan;
    this.index = task.index;
    this.timeoutMs = task.timeoutMs;
    this.owner = task.owner;
  }

  /** Before `start`: the time that secrets take to be looked up is the capture's own. */
  lookUp(): void {
    this.stage = "looking-up";
    this.totalAt = performance.now() + this.timeoutMs;
    this.context.deadlines.set(this, this.totalAt);
  }

  /** @param revealed the secrets that the plan names. */
  start(hop: Hop, revealed: Revealed): void {
    this.stage = "queued";
    this.revealed = revealed;
    this.hop = hop;
    if (!this.settled) this.context.connections.borrow(hop.origin, this, !this.plan.repeatable);
  }

  /** Ends the capture from outside, whatever it is doing. */
  stop(failure: Failure): void {
    this.settle(failure);
  }

  isWaiting(): boolean {
    return !this.settled;
  }

  lend(connection: Connection): void {
    this.connection = connection;
    if (this.startedAt === undefined) {
      this.startedAt = this.context.clock.now();
      this.beganAt = performance.now();
      if (this.totalAt === 0) this.totalAt = this.beganAt + this.timeoutMs;
      this.limit(this.beganAt, this.context.headersTimeoutMs);
    }
    this.reused = connection.answers > 0;
    this.stage = "connecting";
    if (this.hop !== undefined) connection.client.dispatch(this.hop.request, this);
  }

  connecting(): void {
    this.reused = false;
    this.limit(performance.now(), this.context.connectTimeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.stage = "waiting";
    this.opened = this.connection?.opened;
    this.sentAt = performance.now();
    this.limit(this.sentAt, this.context.headersTimeoutMs);
  }

  onResponseStarted(): void {
    if (this.firstByteAt === 0) this.firstByteAt = performance.now();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
  ): void {
    // Interim answers (1xx) come before the one that counts.
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    this.stage = "reading";
    this.limit(this.firstByteAt, this.context.bodyTimeoutMs);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.settled) return;
    this.bytes += chunk.length;
    if (this.bytes > this.context.bodyBytesMax) this.tooLarge();
    else if (this.plan.needsBody) (this.chunks ??= []).push(chunk);
  }

  onResponseEnd(): void {
    const { connection } = this;
    if (this.settled || connection === undefined) return;
    this.endedAt = performance.now();
    this.connection = undefined;
    this.controller = undefined;
    connection.answers += 1;
    this.context.connections.giveBack(connection);
    this.conclude();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const { connection } = this;
    if (this.settled || connection === undefined) return;
    const stale = this.reused && this.firstByteAt === 0 && isReset(error) && !this.retried;
    this.release(error);
    if (stale && this.plan.repeatable && this.hop !== undefined) {
      this.retried = true;
      this.stage = "queued";
      this.context.connections.borrow(this.hop.origin, this, true);
      return;
    }
    this.settle(failureOf(error, this.stage));
  }

  expire(): void {
    const failure =
      performance.now() >= this.totalAt
        ? totalExceeded(this.timeoutMs, this.stage)
        : stageExceeded(this.context, this.stage);
    if (failure === undefined) this.context.deadlines.set(this, this.totalAt);
    else this.settle(failure);
  }

  /** Sets the deadline of a stage that began at `from`, or leaves the total one. */
  private limit(from: number, spanMs: number): void {
    const due = Math.min(from + spanMs, this.totalAt);
    if (due !== this.dueAt || this.bucket === UNSET) this.context.deadlines.set(this, due);
  }

  private tooLarge(): void {
    this.endedAt = performance.now();
    if (this.location() !== undefined && this.bytes > REDIRECT_BODY_MAX) {
      this.release(new CaptureError("body-too-large", "the redirect's body is not needed"));
      this.conclude();
      return;
    }
    const message = `the body is larger than ${this.context.bodyBytesMax} bytes`;
    this.settle(this.failedHead() ?? { code: "body-too-large", message });
  }

  /** Where a redirect leads that is to be followed. */
  private location(): string | undefined {
    if (this.plan.settings.redirectsMax === 0 || !isRedirect(this.status)) return undefined;
    const { location } = this.headers;
    return typeof location === "string" ? location : undefined;
  }

  private conclude(): void {
    try {
      const location = isRedirect(this.status) ? this.location() : undefined;
      if (location === undefined) this.read();
      else this.follow(location);
    } catch (error) {
      this.settle(failureOf(error, this.stage));
    }
  }

  private follow(location: string): void {
    const { hop, plan, status } = this;
    if (hop === undefined) return;
    this.redirects ??= [];
    if (this.redirects.length >= plan.settings.redirectsMax) {
      const message = `more than ${plan.settings.redirectsMax} redirects, the last from ${placeOf(hop.url)}`;
      throw new CaptureError("redirects", message);
    }
    const home = { settings: plan.settings, home: plan.url };
    const next = hopAfter(hop, { status, location }, home, this.revealed);
    this.redirects.push({ status, to: placeOf(next.url) });
    this.hop = next;
    this.stage = "queued";
    this.firstByteAt = 0;
    this.bytes = 0;
    this.chunks = undefined;
    this.context.connections.borrow(next.origin, this, !plan.repeatable);
  }

  private read(): void {
    this.stage = "judging";
    const { chunks } = this;
    if (chunks === undefined) {
      this.judge(NO_BODY);
      return;
    }
    const [first = NO_BODY] = chunks;
    const body = chunks.length === 1 ? first : Buffer.concat(chunks);
    const { "content-encoding": encoding } = this.headers;
    if (encoding === undefined) {
      this.judge(body);
      return;
    }
    decode(body, codingsOf(String(encoding)), this.context.bodyBytesMax, (result) => {
      if (this.settled) return;
      if (result instanceof CaptureError) this.settle(this.failedHead() ?? result.failure);
      else this.judge(result);
    });
  }

  private judge(body: Buffer): void {
    this.answer = this.answerWith(body);
    this.settle(verdictOn(this.plan, this.answer));
  }

  /** What the head alone says is wrong, when the body can't be had. */
  private failedHead(): Failure | undefined {
    this.answer = this.answerWith(NO_BODY);
    return headVerdictOn(this.plan, this.answer);
  }

  private answerWith(body: Buffer): ReceivedAnswer {
    return new ReceivedAnswer({
      status: this.status,
      headers: this.headers,
      body,
      latencyMs: this.endedAt - this.beganAt,
      certificateDays: this.certificateDays(),
      redact: this.revealed === NOTHING_REVEALED ? unchanged : (text) => this.redact(text),
    });
  }

  certificateDays(): number | undefined {
    const until = this.opened?.certificateUntil;
    return until === undefined ? undefined : daysLeft(until, this.context.clock.now());
  }

  private release(reason: Error): void {
    const { connection, controller } = this;
    this.connection = undefined;
    this.controller = undefined;
    controller?.abort(reason);
    if (connection !== undefined) this.context.connections.discard(connection, reason);
  }

  private settle(failure: Failure | undefined): void {
    if (this.settled) return;
    this.settled = true;
    this.context.deadlines.clear(this);
    const now = performance.now();
    if (this.connection !== undefined) {
      this.release(new CaptureError(failure?.code ?? "internal", failure?.message ?? ""));
    }
    this.owner.settled(this, this.captureOf(failure, now));
  }

  private captureOf(failure: Failure | undefined, now: number): Capture {
    const startedAt = this.startedAt ?? this.context.clock.now();
    const spent = durationMs(this.startedAt === undefined ? 0 : rounded(now - this.beganAt));
    const values = valuesOf(this.plan, this.answer, this.certificateDays());
    const timings = timingsOf(this, this.reused ? undefined : this.opened);
    if (failure === undefined) return { startedAt, durationMs: spent, values, timings };
    const message = this.redact(failure.message);
    const shown = { code: failure.code, message };
    return { startedAt, durationMs: spent, failure: shown, values, timings };
  }

  private redact(text: string): string {
    if (this.revealed === NOTHING_REVEALED) return text;
    this.redactor ??= redactor(this.revealed, this.plan.settings);
    return this.redactor(text);
  }
}

export interface RunTask {
  readonly index: number;
  readonly timeoutMs: DurationMs;
  readonly owner: Settled;
}

function unchanged(text: string): string {
  return text;
}
