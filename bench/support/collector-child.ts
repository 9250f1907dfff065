/**
 * One collector in a process of its own, wired as the deployed function is, measured from inside:
 * `node bench/support/collector-child.ts '<JSON of CollectorOrder>'`, with an IPC channel.
 *
 * Sends { kind: "usage" } on request and { kind: "ended" } with the collector's report at the end.
 */
import { rmSync } from "node:fs";
import { jsonLog } from "#adapters/system/log.ts";
import { noopProbe } from "#adapters/noop-probe.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { leaseId } from "#domain/lease.ts";
import { after } from "#domain/units.ts";
import type { Probe } from "#ports/probe.ts";
import { collect } from "#usecases/collect/collect.ts";
import type { CollectSettings } from "#usecases/collect/settings.ts";
import { wireCollect } from "#functions/collect/wiring.ts";
import { collectEnvironment } from "#functions/collect/env.ts";

export interface CollectorOrder {
  readonly environment: Readonly<Record<string, string>>;
  readonly pool: string;
  readonly lease: number;
  readonly deadlineInMs: number;
  readonly probe: "noop" | "wired";
  readonly settings: Partial<CollectSettings>;
}

export interface Usage {
  readonly kind: "usage" | "ended";
  readonly at: number;
  readonly cpuUs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** What V8 has taken for its heap, and what lies outside of it (buffers). */
  readonly heapTakenBytes: number;
  readonly externalBytes: number;
  readonly captures: number;
  readonly report?: unknown;
}

const order = JSON.parse(process.argv[2] ?? "{}") as CollectorOrder;
const clock = systemClock();
const wired = await wireCollect(collectEnvironment.parse(order.environment), process.env);
const stop = new AbortController();
let captures = 0;

/** Counts what was captured, in whole batches. */
function counted(probe: Probe): Probe {
  return {
    ...probe,
    capture: (batch, signal) => {
      captures += batch.length;
      return probe.capture(batch, signal);
    },
  };
}

function usage(kind: Usage["kind"], report?: unknown): Usage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return {
    kind,
    at: clock.now(),
    cpuUs: user + system,
    rssBytes: rss,
    heapBytes: heapUsed,
    heapTakenBytes: heapTotal,
    externalBytes: external,
    captures,
    report,
  };
}

process.on("message", (message) => {
  if (message === "usage") process.send?.(usage("usage"));
  if (message === "stop") stop.abort();
  // With --expose-gc only.
  if (message === "gc") globalThis.gc?.();
  if (message === "clean")
    rmSync(new URL(order.environment["SAMPLES_LOCATION"] ?? ""), { recursive: true, force: true });
});
process.on("disconnect", () => process.exit(1));

const report = await collect(
  {
    ...wired,
    log: jsonLog({ level: "warn", clock }),
    probe: counted(order.probe === "noop" ? noopProbe(clock) : wired.probe),
    settings: { ...wired.settings, ...order.settings },
  },
  {
    pool: order.pool,
    lease: leaseId(order.lease),
    owner: wired.ids.owner(),
    deadlineAt: after(clock.now(), order.deadlineInMs),
    stop: stop.signal,
  },
);
process.send?.(usage("ended", report));
await wired.probe.close();
process.disconnect();
