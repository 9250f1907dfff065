/**
 * The whole system, as it is: real processes, the real engine, a real HTTP server, real kills. At the
 * end every invariant is audited over what is in the store and in the chunks, against what was due.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { AUDIT_LIMITS, auditInvariants, type Look } from "#domain/audit.ts";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { preferredSample } from "#domain/reader.ts";
import type { ChunkRecord, SampleRecord } from "#domain/sample.ts";
import { slot } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import { startLocalCloud, type LocalCloud } from "#local/cloud.ts";
import { becomes } from "#local/engine-process.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { keptLog } from "#test/support/quiet.ts";
import { lookAtPool } from "#test/support/look-at-pool.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { registerTargets } from "#usecases/register-targets.ts";

const POOL = "whole";
const SLOTS_LOG2 = 3;
const TARGETS = 60;
const PERIOD_MS = 5_000;
const TTL_MS = 3_000;
const WITHIN_MS = 60_000;

const newFolder = temporaryFolders();
const clouds: LocalCloud[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const cloud of clouds.splice(0)) await cloud.stop();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

describe("the whole system", () => {
  it("keeps every invariant through a killed collector, a killed engine and a larger fleet", async () => {
    const captured = await capturedSide();
    const cloud = await startLocalCloud({
      data: await newFolder(),
      pool: POOL,
      slotsLog2: SLOTS_LOG2,
      collectors: 2,
      leaseTtlMs: TTL_MS,
      policies: POLICIES_DEFAULT,
      source: { kind: "none" },
      environment: process.env,
    });
    clouds.push(cloud);
    await register(cloud, definitions(captured.port));
    expect(await becomes(() => captured.targets() === TARGETS, WITHIN_MS)).toBe(true);
    await wait(PERIOD_MS);
    const from = cloud.stores.clock.now();
    const looks: Look[] = [await lookAtPool(cloud.stores, POOL)];

    killOne(cloud, "collect");
    await wait(TTL_MS + 2 * PERIOD_MS);
    looks.push(await lookAtPool(cloud.stores, POOL));

    const engine = cloud.enginePid();
    if (engine !== undefined) process.kill(engine, "SIGKILL");
    await wait(2 * PERIOD_MS);
    looks.push(await lookAtPool(cloud.stores, POOL));

    await foundPool(cloud.stores, { pool: POOL, slotsLog2: SLOTS_LOG2, desired: 3 });
    void cloud.invoke("rebalance", { pool: POOL });
    await wait(3 * PERIOD_MS);
    const last = await lookAtPool(cloud.stores, POOL);
    looks.push(last);
    expect(last.fleet.leases.filter(({ ranges }) => ranges.length > 0)).toHaveLength(3);

    const targets = (
      await Promise.all(allSlots().map((each) => cloud.stores.schedules.readSlot(POOL, each)))
    ).flatMap((read) => read.targets);
    expect(targets).toHaveLength(TARGETS);
    await cloud.stop();
    const records = await recordsOf(cloud);
    const limits = { ...AUDIT_LIMITS, expiredMaxMs: 15_000 };
    expect(
      auditInvariants({ looks, captured: { from, to: last.at, targets, records }, limits }),
    ).toEqual([]);
    // The audit bites: without one of the samples something is missing.
    const [one] = records.filter(
      (record) => record.kind === "sample" && (record.round ?? 0) > from + PERIOD_MS,
    );
    const fewer = records.filter((record) => record !== one);
    expect(
      auditInvariants({ looks, captured: { from, to: last.at, targets, records: fewer }, limits }),
    ).not.toEqual([]);
    // The audit would be content with misses only: most must have been captured, kills or not.
    const rounds = records.filter(
      (record) => record.kind === "sample" && record.round !== undefined && record.round >= from,
    );
    expect(rounds.length).toBeGreaterThan((TARGETS * (last.at - from)) / PERIOD_MS / 2);
  }, 180_000);
});

async function capturedSide(): Promise<{ readonly port: number; readonly targets: () => number }> {
  const asked = new Set<string>();
  const server = createServer((request, response) => {
    asked.add(request.url ?? "");
    response.end('{"status":"ok"}');
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    targets: () => asked.size,
  };
}

function definitions(port: number): TargetDefinition[] {
  return Array.from({ length: TARGETS }, (_, index) => ({
    id: `endpoint-${index}`,
    probe: {
      kind: "http",
      url: `http://127.0.0.1:${port}/${index}`,
      method: "GET",
      headers: {},
      timeoutMs: durationMs(1_000),
      redirectsMax: 0,
      insecure: false,
      keep: ["status"],
      assertions: [{ kind: "status", allowed: [200] }],
    },
    cadence: every(PERIOD_MS),
    tags: {},
  }));
}

async function register(cloud: LocalCloud, targets: readonly TargetDefinition[]): Promise<void> {
  await registerTargets(
    { ...cloud.stores, ids: systemIds(), log: keptLog() },
    { pool: POOL, slotsLog2: SLOTS_LOG2, policies: POLICIES_DEFAULT },
    targets,
  );
  void cloud.invoke("rebalance", { pool: POOL });
}

function killOne(cloud: LocalCloud, name: string): void {
  const found = cloud.processes().find((each) => each.name === name && each.state === "busy");
  if (found === undefined) throw new Error(`no ${name} process is at work`);
  process.kill(found.pid, "SIGKILL");
}

function allSlots(): ReturnType<typeof slot>[] {
  return Array.from({ length: 2 ** SLOTS_LOG2 }, (_, index) => slot(index, SLOTS_LOG2));
}

/** What is in the chunks, one sample for each target and round as a reader sees it. */
async function recordsOf({ stores }: LocalCloud): Promise<ChunkRecord[]> {
  const page = await stores.samples.list({
    pool: POOL,
    from: epochMs(0),
    to: epochMs(Number.MAX_SAFE_INTEGER),
  });
  const samples = new Map<string, SampleRecord>();
  const others: ChunkRecord[] = [];
  for (const entry of page.entries) {
    for (const { lines } of (await stores.samples.get(entry)) ?? []) {
      for (const text of lines.trimEnd().split("\n")) {
        const record = parseChunkLine(text);
        if (record === undefined) throw new Error(`not a record: ${text}`);
        if (record.kind === "missed" || record.round === undefined) {
          others.push(record);
          continue;
        }
        const key = `${record.target} ${record.round}`;
        const known = samples.get(key);
        samples.set(key, known === undefined ? record : preferredSample(known, record));
      }
    }
  }
  expect(page.cursor).toBeUndefined();
  return [...samples.values(), ...others];
}
