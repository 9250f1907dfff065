import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { readMetrics } from "#adapters/filesystem/metric-sink.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { leaseId } from "#domain/lease.ts";
import { METRIC_NAMES } from "#domain/metric.ts";
import { epochMs } from "#domain/units.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { engineMissing, startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { lambdaContext } from "#test/support/lambda-context.ts";
import { foundPool } from "#usecases/found-pool.ts";

interface Invoked {
  readonly path: string | undefined;
  readonly type: string | undefined;
  readonly event: unknown;
}

let engine: TestEngine;
let platform: Server;
let folder: string;
let leases: LeaseStore;
const environment: Record<string, string> = {};
const invoked: Invoked[] = [];
const drain = new AbortController();

/** What speaks like Lambda: accepts events, and ends the test once one has come. */
function acceptEvents(): Server {
  return createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const event: unknown = JSON.parse(Buffer.concat(parts).toString());
      invoked.push({
        path: request.url,
        type: request.headers["x-amz-invocation-type"]?.toString(),
        event,
      });
      response.writeHead(202).end();
      drain.abort();
    });
  });
}

// In this order: the first run finds a lease that is due, the second lets go of it.
describe.skipIf(engineMissing() !== undefined)("handlers, on a real engine", () => {
  beforeAll(async () => {
    engine = await startTestEngine();
    folder = await mkdtemp(join(tmpdir(), "lamplighter-handlers-"));
    platform = acceptEvents().listen(0, "127.0.0.1");
    await once(platform, "listening");
    const address = platform.address();
    const port = typeof address === "object" ? address?.port : undefined;
    environment["LAMPLIGHTER_POOL"] = "default";
    environment["LEASE_TABLE_NAME"] = engine.tables.leases;
    environment["TARGET_TABLE_NAME"] = engine.tables.targets;
    environment["STORE_ENDPOINT"] = engine.endpoint;
    environment["INVOKE_ENDPOINT"] = `http://127.0.0.1:${port ?? 0}`;
    environment["COLLECT_FUNCTION_NAME"] = "collect-it";
    environment["SAMPLES_LOCATION"] = pathToFileURL(join(folder, "samples")).href;
    environment["METRICS_LOCATION"] = pathToFileURL(join(folder, "metrics")).href;
    environment["LOG_LEVEL"] = "error";
    const clock = systemClock();
    leases = dynamoLeaseStore({
      client: engine.client,
      tableName: engine.tables.leases,
      meter: capacityMeter(),
      clock,
    });
    await foundPool({ clock, leases }, { pool: "default", slotsLog2: 2, desired: 1 });
  });

  beforeEach(() => {
    for (const [key, value] of Object.entries(environment)) vi.stubEnv(key, value);
  });

  afterAll(async () => {
    platform.closeAllConnections();
    platform.close();
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("rebalance starts a collector through the platform, as an event", async () => {
    const { handler } = await import("#functions/rebalance/handler.ts");
    const report = await handler({}, lambdaContext({ lamplighterStop: drain.signal }));
    expect(report).toMatchObject({ kind: "rebalanced", ended: "stopped", starts: 1 });
    expect(invoked).toEqual([
      {
        path: "/2015-03-31/functions/collect-it/invocations",
        type: "Event",
        event: { pool: "default", lease: "0001" },
      },
    ]);
  });

  it("collect owns its lease, and lets go of it when it is asked to", async () => {
    const { handler } = await import("#functions/collect/handler.ts");
    const stop = new AbortController();
    const running = handler(
      invoked[0]?.event,
      lambdaContext({ leftMs: 300_000, lamplighterStop: stop.signal }),
    );
    await vi.waitFor(async () => {
      expect((await leases.findLease("default", leaseId(1)))?.holder).toBeDefined();
    }, 10_000);
    stop.abort();
    expect(await running).toMatchObject({ ending: "stopped", epoch: 1 });
    expect((await leases.findLease("default", leaseId(1)))?.holder).toBeUndefined();
  });

  it("health-check publishes 18 metrics and finds nothing wrong", async () => {
    const { handler } = await import("#functions/health-check/handler.ts");
    const report = await handler({}, lambdaContext());
    expect(report).toMatchObject({ kind: "checked", violations: [], published: "published" });
    const { batches } = await readMetrics(join(folder, "metrics", "metrics.jsonl"), epochMs(0));
    expect(batches).toHaveLength(1);
    expect(batches[0]?.metrics.map(({ name }) => name)).toEqual([...METRIC_NAMES]);
  });
});
