/**
 * One invocation's process: a thread that can be busy, calls that take time and fail, and an end
 * that may come at any moment.
 *
 *     running --kill--> dead: its timers don't fire, its calls never answer, its probes neither
 *
 * Holds: while it is busy none of its timers fires and no answer reaches it; they come afterwards,
 *        in their order. What a call does to a store happens once, whatever becomes of its sender.
 */
import { epochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";

/** What becomes of the next call. */
export interface CallFate {
  readonly tookMs: number;
  /** Instead of being carried out. */
  readonly error?: Error;
}

/** @param call the port's member, e.g. `commit`. */
export type Fates = (call: string) => CallFate;

export interface RehearsalProcess {
  /** The process's own: it stands ahead while its thread is busy. */
  readonly clock: Clock;
  /** Keeps the thread busy for so long, from now on. */
  spend(ms: number): void;
  /** The same port, as this process sees it. */
  port<T extends object>(original: T, fates: Fates): T;
  kill(): void;
  isDead(): boolean;
}

export function rehearsalProcess(world: Clock): RehearsalProcess {
  let isDead = false;
  let busyUntil = 0;

  function deliver(work: () => void): void {
    if (isDead) return;
    const aheadMs = busyUntil - world.now();
    if (aheadMs <= 0) work();
    else world.after(aheadMs, () => deliver(work));
  }

  const clock: Clock = {
    now: () => epochMs(Math.max(world.now(), busyUntil)),
    after(span, wake) {
      let isCancelled = false;
      const aheadMs = Math.max(0, busyUntil - world.now());
      const cancel = world.after(aheadMs + Math.max(0, span), () =>
        deliver(() => {
          if (!isCancelled) wake();
        }),
      );
      return () => {
        isCancelled = true;
        cancel();
      };
    },
  };

  function call(name: string, fates: Fates, carryOut: () => Promise<unknown>): Promise<unknown> {
    if (isDead) return new Promise(() => undefined);
    const { tookMs, error } = fates(name);
    return new Promise((resolve, reject) => {
      world.after(tookMs, () => {
        if (error !== undefined) {
          deliver(() => reject(error));
          return;
        }
        carryOut().then(
          (value) => deliver(() => resolve(value)),
          (failure: unknown) =>
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- handed on as it came
            deliver(() => reject(failure)),
        );
      });
    });
  }

  return {
    clock,
    spend(ms) {
      busyUntil = Math.max(world.now(), busyUntil) + ms;
    },
    port<T extends object>(original: T, fates: Fates): T {
      return new Proxy(original, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== "function") return member;
          return (...args: unknown[]) =>
            call(String(name), fates, async () => {
              const answer: unknown = await Reflect.apply(member, target, args);
              return answer;
            });
        },
      });
    },
    kill() {
      isDead = true;
    },
    isDead: () => isDead,
  };
}
