import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { systemClock } from "#adapters/system/clock.ts";
import type { FleetSnapshot } from "#domain/fleet.ts";
import { engineMissing, startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { lambdaContext } from "#test/support/lambda-context.ts";

let engine: TestEngine;
let platform: Server;
let endpoint: string;
let invoked = 0;
let drain = new AbortController();

/** One cold start of the function with these variables, and one run that ends with its first start. */
async function run(variables: Record<string, string>): Promise<unknown> {
  const all = {
    LAMPLIGHTER_POOL: "default",
    LEASE_TABLE_NAME: engine.tables.leases,
    COLLECT_FUNCTION_NAME: "collect-it",
    STORE_ENDPOINT: engine.endpoint,
    INVOKE_ENDPOINT: endpoint,
    LOG_LEVEL: "error",
    ...variables,
  };
  for (const [key, value] of Object.entries(all)) vi.stubEnv(key, value);
  vi.resetModules();
  invoked = 0;
  drain = new AbortController();
  const { handler } = await import("#functions/rebalance/handler.ts");
  return handler({}, lambdaContext({ lamplighterStop: drain.signal }));
}

async function stored(): Promise<FleetSnapshot | undefined> {
  const [client, clock] = [engine.client, systemClock()];
  const tableName = engine.tables.leases;
  return dynamoLeaseStore({ client, tableName, meter: capacityMeter(), clock }).readFleet(
    "default",
  );
}

// In this order: each goes on with what the one before has left.
describe.skipIf(engineMissing() !== undefined)("rebalance, with a pool in its environment", () => {
  beforeAll(async () => {
    engine = await startTestEngine();
    platform = createServer((request, response) => {
      request.resume();
      invoked += 1;
      response.writeHead(202).end();
      drain.abort();
    }).listen(0, "127.0.0.1");
    await once(platform, "listening");
    const address = platform.address();
    endpoint = `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}`;
  });

  afterAll(async () => {
    platform.closeAllConnections();
    platform.close();
    await engine.stop();
  });

  it("leaves a pool that isn't there when none is asked for", async () => {
    expect(await run({ COLLECTORS: "" })).toEqual({ kind: "no-pool" });
  });

  it("founds it and starts collectors in its first run", async () => {
    expect(await run({ COLLECTORS: "1", SLOTS_LOG2: "3" })).toMatchObject({ kind: "rebalanced" });
    expect((await stored())?.fleet).toMatchObject({ slotsLog2: 3, desired: 1 });
    expect(invoked).toBeGreaterThan(0);
  });

  it("fails for other slots, after it has started what is due", async () => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await expect(run({ COLLECTORS: "2", SLOTS_LOG2: "4" })).rejects.toThrow(
      "slots of pool default: found 16, expected 8",
    );
    said.mockRestore();
    expect(invoked).toBeGreaterThan(0);
    const now = await stored();
    expect(now?.fleet).toMatchObject({ slotsLog2: 3, desired: 2 });
    expect(now?.leases.filter(({ ranges }) => ranges.length > 0)).toHaveLength(2);
  });
});
