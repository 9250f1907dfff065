/**
 * A collector's process whose calls take time, fail, land late, and which can be killed or paused.
 *
 * States and moves:
 *
 *     running --pause--> paused --resume--> running        running, paused --kill--> dead
 *
 * Holds: what a call does to a store happens once, at a moment of its own, whatever becomes of its
 *        sender; timers and answers of a paused process wait for it, those of a dead one never come.
 */
import { DependencyError } from "#domain/errors.ts";
import { epochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { CollectDeps } from "#usecases/collect/settings.ts";

/** What happens to the next call: how long it takes there and back, and whether it fails. */
export interface CallFate {
  readonly thereMs: number;
  readonly backMs: number;
  /** refused: never reaches the store; lost: applied, its answer is an error. */
  readonly fault?: "refused" | "lost" | "broken";
}

/** Named after the port's member: `commit`, `put`, `readSlot`. */
export type Fates = (call: string) => CallFate;

export interface ChaoticProcess {
  readonly clock: Clock;
  deps(deps: CollectDeps): CollectDeps;
  kill(): void;
  pause(): void;
  resume(): void;
  /** Sets this process's wall clock forward or back. */
  jump(ms: number): void;
  /** For what else belongs to it, such as its probe. */
  deliver(work: () => void): void;
}

export function chaoticProcess(world: Clock, fates: Fates, skewMs: number): ChaoticProcess {
  let state: "running" | "paused" | "dead" = "running";
  let offsetMs = skewMs;
  const held: (() => void)[] = [];

  function deliver(work: () => void): void {
    if (state === "running") work();
    else if (state === "paused") held.push(work);
  }

  const clock: Clock = {
    now: () => epochMs(world.now() + offsetMs),
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

  function call(name: string, carryOut: () => Promise<unknown>): Promise<unknown> {
    if (state === "dead") return new Promise(() => undefined);
    const { thereMs, backMs, fault } = fates(name);
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        reject(
          new DependencyError(`${name} had no answer (${fault ?? ""})`, {
            retryable: fault !== "broken",
          }),
        );
      };
      const answer = (work: () => void): void => {
        world.after(backMs, () => {
          deliver(work);
        });
      };
      world.after(thereMs, () => {
        if (fault === "refused" || fault === "broken") {
          answer(fail);
          return;
        }
        carryOut().then(
          (value) => {
            answer(
              fault === "lost"
                ? fail
                : () => {
                    resolve(value);
                  },
            );
          },
          (error: unknown) => {
            answer(() => {
              // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- handed on as it came
              reject(error);
            });
          },
        );
      });
    });
  }

  function port<T extends object>(original: T): T {
    return new Proxy(original, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) =>
          call(String(name), async () => {
            const answer: unknown = await Reflect.apply(member, target, args);
            return answer;
          });
      },
    });
  }

  return {
    clock,
    deps: (deps) => ({
      ...deps,
      clock,
      leases: port(deps.leases),
      schedules: port(deps.schedules),
      requests: port(deps.requests),
      samples: port(deps.samples),
    }),
    kill() {
      state = "dead";
      held.length = 0;
    },
    pause() {
      if (state === "running") state = "paused";
    },
    resume() {
      if (state !== "paused") return;
      state = "running";
      for (const work of held.splice(0)) deliver(work);
    },
    jump(ms) {
      offsetMs += ms;
    },
    deliver,
  };
}
