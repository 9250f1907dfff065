/** Who owns which lease in a local cloud, and how each came to own it, by what its functions log. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { CloudEvent } from "#local/events.ts";

/** One taking of a lease. Moments are the machine's, in ms. */
export interface Ownership {
  readonly lease: string;
  readonly epoch: number;
  readonly pid: number;
  /** When the rebalancer asked for it; undefined when it was not the rebalancer's start that got it. */
  readonly startedAt: number | undefined;
  /** When the process, loaded, was given the event. */
  readonly invokedAt: number;
  /** When the lease was its own and its schedules were read. */
  readonly ownedAt: number;
}

export interface OwnerLog {
  readonly listener: (event: CloudEvent) => void;
  /** The last known of each lease. */
  current(lease: string): Ownership | undefined;
  all(): readonly Ownership[];
  /** Error lines of functions, and invocations that failed by themselves. */
  readonly errors: readonly string[];
}

const line = z.looseObject({
  at: z.string(),
  event: z.string(),
  requestId: z.string().optional(),
  lease: z.string().optional(),
  epoch: z.number().optional(),
});

/** @param logs the cloud's folder of logs: an event's fields are there. */
export function ownerLog(logs: string): OwnerLog {
  const owners: Ownership[] = [];
  const starts = new Map<string, number>();
  const invoked = new Map<string, { readonly pid: number; readonly at: number }>();
  const errors: string[] = [];
  const seen = new Map<string, number>();

  /** Everything that a function has logged since the last time. */
  function readOn(name: string): void {
    const text = readFileSync(join(logs, `${name}.log`), "utf8");
    const known = seen.get(name) ?? 0;
    // Shorter than it was: the one before was put aside, and all of it that matters has been read.
    const from = known > text.length ? 0 : known;
    seen.set(name, text.lastIndexOf("\n") + 1);
    for (const one of text.slice(from).split("\n")) read(one);
  }

  function read(text: string): void {
    const found = parse(text);
    if (found?.lease === undefined || found.epoch === undefined) return;
    const { lease, epoch, requestId } = found;
    const at = Date.parse(found.at);
    if (found.event === "collector started") starts.set(`${lease} ${epoch}`, at);
    const by = found.event === OWNS ? invoked.get(requestId ?? "") : undefined;
    if (by === undefined) return;
    // It was started under the epoch before the one that it took.
    const startedAt = starts.get(`${lease} ${epoch - 1}`);
    owners.push({ lease, epoch, pid: by.pid, startedAt, invokedAt: by.at, ownedAt: at });
  }

  return {
    listener(event) {
      if (event.kind === "invocation-started" && event.name === "collect") {
        invoked.set(event.requestId, { pid: event.pid, at: Date.now() });
      }
      if (event.kind === "invocation-ended" && OWN_FAILURES.has(event.outcome)) {
        errors.push(`${event.name} ${event.outcome}: ${event.error ?? ""}`);
      }
      if (event.kind !== "function-log") return;
      if (event.level === "error") errors.push(`${event.name}: ${event.text}`);
      if (!event.text.startsWith(OWNS)) return;
      readOn("rebalance");
      readOn("collect");
    },
    current: (lease) => owners.findLast((owner) => owner.lease === lease),
    all: () => owners,
    errors,
  };
}

/** `killed` is our doing. */
const OWN_FAILURES = new Set<string>(["failed", "timed-out"]);
const OWNS = "owns the lease";

function parse(text: string): z.infer<typeof line> | undefined {
  try {
    return line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
