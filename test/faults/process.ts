/**
 * One function's process in the world of faults: its clock, its calls, and what can happen to them.
 *
 *     running --pause--> paused --resume--> running        running, paused --kill--> dead
 *
 * Holds: what a call does to a store happens once for each time it is sent, at a moment of its own,
 *        whatever becomes of its sender; timers and answers of a paused process wait for it, those
 *        of a dead one never come.
 */
import { DependencyError } from "#domain/errors.ts";
import { epochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";

/** One call of a port: `leases.renew`, the process's third. */
export interface Call {
  readonly process: string;
  /** `leases.give`, `schedules.commit`, `samples.put`, `invoker.startCollector` … */
  readonly name: string;
  /** Which call of this process, from 1. */
  readonly number: number;
  readonly args: readonly unknown[];
}

export type CallFault =
  /** The process dies before the call is applied: it never is. */
  | "dies-unsent"
  /** It dies when the call has been applied, before its answer is there. */
  | "dies-applied"
  /** Applied, the answer lost, and sent again by the client, as the SDK does. */
  | "answer-lost"
  /** The first two answers are lost. */
  | "two-answers-lost"
  /** The same, but no time passes until it is sent again: what else happens is as without the fault. */
  | "answer-lost-at-once"
  /** It is paused with the call on its way, which lands after it has been resumed. */
  | "pauses-unsent"
  /** It is paused with the call on its way, which lands; the answer waits. */
  | "pauses-applied"
  /** Out of reach: not applied, an error after the client has tried often enough. */
  | "unreachable";

export interface CallFate {
  readonly thereMs: number;
  readonly backMs: number;
  readonly fault?: CallFault | undefined;
}

export interface CallDone extends Call {
  readonly sentAt: number;
  readonly appliedAt: number;
  readonly result: unknown;
}

/** What a world wants to know of, and to decide about, a process's calls. */
export interface CallWatch {
  fate(call: Call): CallFate;
  /** Each time a call has been applied; twice for one whose answer was lost. */
  applied(call: CallDone): void;
  /** Once, when the process has died. */
  died(): void;
}

export interface FaultProcess {
  readonly name: string;
  readonly clock: Clock;
  /** The same port, with every call going through this process and the network. */
  port<T extends object>(kind: string, port: T): T;
  kill(): void;
  pause(): void;
  resume(): void;
  /** For what else belongs to it, such as its probe. */
  deliver(work: () => void): void;
  readonly state: "running" | "paused" | "dead";
}

/** How many answers of a call are lost. */
const LOST: Readonly<Partial<Record<string, number>>> = {
  "answer-lost": 1,
  "two-answers-lost": 2,
  "answer-lost-at-once": 1,
};
/** A connection that is cut, and the client's back-off before it sends again. */
const SENT_AGAIN_MS = 60;
/** Three attempts of a second each, and what lies between them. */
const GIVEN_UP_MS = 3_200;

export function faultProcess(
  name: string,
  world: Clock,
  watch: CallWatch,
  skewMs = 0,
): FaultProcess {
  let state: "running" | "paused" | "dead" = "running";
  let calls = 0;
  const held: (() => void)[] = [];

  function deliver(work: () => void): void {
    if (state === "running") work();
    else if (state === "paused") held.push(work);
  }

  const clock: Clock = {
    now: () => epochMs(world.now() + skewMs),
    after(span, wake) {
      let isCancelled = false;
      const cancel = world.after(span, () => {
        deliver(() => {
          if (!isCancelled) wake();
        });
      });
      return () => {
        isCancelled = true;
        cancel();
      };
    },
  };

  function kill(): void {
    if (state === "dead") return;
    state = "dead";
    held.length = 0;
    watch.died();
  }

  function pause(): void {
    if (state === "running") state = "paused";
  }

  function send(call: Call, carryOut: () => Promise<unknown>): Promise<unknown> {
    const { thereMs, backMs, fault } = watch.fate(call);
    const sentAt = world.now();
    let answersToLose = LOST[fault ?? "none"] ?? 0;
    const againMs = fault === "answer-lost-at-once" ? 0 : backMs + SENT_AGAIN_MS;
    const thereAgainMs = fault === "answer-lost-at-once" ? 0 : thereMs;
    return new Promise((resolve, reject) => {
      const answer = (work: () => void): void => {
        world.after(backMs, () => {
          deliver(work);
        });
      };
      const apply = (): void => {
        carryOut().then(
          (result) => {
            watch.applied({ ...call, sentAt, appliedAt: world.now(), result });
            if (fault === "dies-applied") kill();
            if (answersToLose > 0) {
              answersToLose -= 1;
              // The client sends again: nobody does for a process that is gone.
              world.after(againMs, () => {
                deliver(() => {
                  world.after(thereAgainMs, apply);
                });
              });
              return;
            }
            answer(() => {
              resolve(result);
            });
          },
          (error: unknown) => {
            answer(() => {
              // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- handed on as it came
              reject(error);
            });
          },
        );
      };
      if (fault === "dies-unsent") {
        kill();
        return;
      }
      if (fault === "unreachable") {
        world.after(GIVEN_UP_MS, () => {
          deliver(() => {
            reject(new DependencyError(`${call.name}: out of reach`, { retryable: true }));
          });
        });
        return;
      }
      if (fault === "pauses-unsent" || fault === "pauses-applied") pause();
      if (fault === "pauses-unsent") {
        deliver(() => {
          world.after(thereMs, apply);
        });
      } else world.after(thereMs, apply);
    });
  }

  return {
    name,
    clock,
    port: (kind, port) =>
      new Proxy(port, {
        get(target, member) {
          const method: unknown = Reflect.get(target, member);
          if (typeof method !== "function") return method;
          return (...args: unknown[]): unknown => {
            if (state === "dead") return new Promise(() => undefined);
            calls += 1;
            const call = { process: name, name: `${kind}.${String(member)}`, number: calls, args };
            return send(call, async () => {
              const answer: unknown = await Reflect.apply(method, target, args);
              return answer;
            });
          };
        },
      }),
    kill,
    pause,
    resume() {
      if (state !== "paused") return;
      state = "running";
      for (const work of held.splice(0)) deliver(work);
    },
    deliver,
    get state() {
      return state;
    },
  };
}
