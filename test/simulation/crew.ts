/**
 * Two processes that play seeds: each gets its next when it is done with the last.
 *
 * They are forked, so that they inherit the flags and the environment of this process: a program
 * loaded with something changed in it is played as changed.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Order, Told } from "./worker.ts";

export interface Crew {
  readonly orders: readonly Order[];
  readonly workers: number;
  readonly onTold: (told: Told) => "go on" | "stop";
}

/** A run that goes on for ever breaks what it should prove. */
const SEED_WALL_MS_MAX = 900_000;
const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

export async function playOrders({ orders, workers, onTold }: Crew): Promise<void> {
  const waiting = orders.values();
  const stop = new AbortController();

  async function work(): Promise<void> {
    let child = fork(WORKER);
    try {
      for (const order of waiting) {
        const answer = await played(child, order);
        if (answer.kind === "gone") child = fork(WORKER);
        if (stop.signal.aborted) return;
        const told = answer.kind === "told" ? answer.told : unfinished(order, answer.why);
        if (onTold(told) === "stop") stop.abort();
      }
    } finally {
      child.kill();
    }
  }

  await Promise.all(Array.from({ length: workers }, work));
}

type Answer =
  { readonly kind: "told"; readonly told: Told } | { readonly kind: "gone"; readonly why: string };

function played(child: ChildProcess, order: Order): Promise<Answer> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      done({ kind: "gone", why: `took more than ${SEED_WALL_MS_MAX / 1_000} s` });
    }, SEED_WALL_MS_MAX);
    const onMessage = (told: Told): void => {
      done({ kind: "told", told });
    };
    const onExit = (code: number | null): void => {
      done({ kind: "gone", why: `its process ended with ${code}` });
    };
    function done(answer: Answer): void {
      clearTimeout(timer);
      child.off("message", onMessage);
      child.off("exit", onExit);
      resolve(answer);
    }
    child.on("message", onMessage);
    child.on("exit", onExit);
    child.send(order);
  });
}

function unfinished({ seed }: Order, why: string): Told {
  return {
    cpuMs: 0,
    timeline: [],
    played: {
      seed, hash: "", entries: 0, events: 0, violations: [{ at: 0, what: `the run ${why}` }], timeline: [],
      counts: undefined, captures: 0, due: 0, captured: 0, missed: 0, simulatedMs: 0,
    },
  }; // prettier-ignore
}
