/**
 * A simulated process: a clock of its own that is wrong, and a life that faults cut short.
 *
 *     running --freeze (between invocations)--> frozen --thaw--> running
 *     running --pause (a fault)--> paused --resume--> running        any --kill--> dead
 *
 * Holds: alarms and answers of a process that stands still wait for it (alarms are delivered first,
 *        as Node's event loop does), those of a dead one never come. What it has sent is on its way,
 *        whatever becomes of it. `now` is in whole milliseconds; alarms count by its own rate.
 */
import { epochMs, type EpochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";

/** How wrong a clock is. */
export interface ClockError {
  /** Ahead of the world by so much, when the process starts. */
  readonly skewMs: number;
  /** Gains this part of the time that passes: 0.01 is a second in 100. */
  readonly drift: number;
  /** Set right again (to `skewMs`) when it is further off than this. */
  readonly errorMaxMs: number;
}

export const EXACT: ClockError = { skewMs: 0, drift: 0, errorMaxMs: 0 };

export interface SimulatedProcess {
  /** As the trace names it. */
  readonly name: string;
  readonly clock: Clock;
  readonly state: "running" | "frozen" | "paused" | "dead";
  /** Carries out `work` now, when the process goes on, or never. */
  deliver(work: () => void): void;
  freeze(): void;
  /** Answers how many alarms and answers had waited for it. */
  thaw(): number;
  pause(): void;
  resume(): void;
  kill(): void;
  /** Sets its wall clock forward or back. */
  jump(ms: number): void;
  /** From now on its clock is wrong in this way. */
  setClock(error: ClockError): void;
}

export function simulatedProcess(
  world: Clock,
  name: string,
  firstError: ClockError,
): SimulatedProcess {
  let isFrozen = false;
  let isPaused = false;
  let isDead = false;
  let error = firstError;
  let setAt: EpochMs = world.now();
  let jumpedMs = 0;
  let alarms: (() => void)[] = [];
  let answers: (() => void)[] = [];

  const isRunning = (): boolean => !isFrozen && !isPaused && !isDead;

  function offsetMs(now: EpochMs): number {
    const gained = error.drift * (now - setAt);
    const offset = error.skewMs + jumpedMs + gained;
    if (Math.abs(offset) <= error.errorMaxMs || (gained === 0 && jumpedMs === 0)) return offset;
    if (Math.abs(error.skewMs + jumpedMs) > error.errorMaxMs) return offset;
    setAt = now;
    jumpedMs = 0;
    return error.skewMs;
  }

  function deliverTo(held: "alarms" | "answers", work: () => void): void {
    if (isRunning()) work();
    else if (!isDead) (held === "alarms" ? alarms : answers).push(work);
  }

  /** One at a time, each with its promises: as events of their own. */
  function goOn(): void {
    if (!isRunning()) return;
    const waiting = { alarms, answers };
    alarms = [];
    answers = [];
    for (const work of waiting.alarms) world.after(0, () => deliverTo("alarms", work));
    for (const work of waiting.answers) world.after(0, () => deliverTo("answers", work));
  }

  const clock: Clock = {
    now() {
      const now = world.now();
      return epochMs(Math.floor(now + offsetMs(now)));
    },
    after(span, wake) {
      let isCancelled = false;
      const realMs = Math.ceil(Math.max(0, span)) / (1 + error.drift);
      const cancel = world.after(realMs, () => {
        if (isCancelled) return;
        deliverTo("alarms", () => {
          if (!isCancelled) wake();
        });
      });
      return () => {
        isCancelled = true;
        cancel();
      };
    },
  };

  return {
    name,
    clock,
    get state() {
      if (isDead) return "dead";
      if (isPaused) return "paused";
      return isFrozen ? "frozen" : "running";
    },
    deliver(work) {
      deliverTo("answers", work);
    },
    freeze() {
      isFrozen = true;
    },
    thaw() {
      const waited = alarms.length + answers.length;
      isFrozen = false;
      goOn();
      return waited;
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      goOn();
    },
    kill() {
      isDead = true;
      alarms = [];
      answers = [];
    },
    jump(ms) {
      jumpedMs += ms;
    },
    setClock(next) {
      error = next;
      setAt = world.now();
      jumpedMs = 0;
    },
  };
}
