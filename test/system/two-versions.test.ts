/**
 * A deployment: two releases of the bundles side by side, in real processes on one engine. The old
 * one's collectors end as they always do, the new one's take over, and nobody waits for anybody.
 *
 * The releases differ as real ones do. Today's code lies between them: the older one writes less than
 * it, the newer one more, and beats at another pace.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { filesystemSampleStore } from "#adapters/filesystem/sample-store.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { AUDIT_LIMITS, auditInvariants, type Look } from "#domain/audit.ts";
import { duplicates } from "#domain/audit/duplicates.ts";
import { every } from "#domain/cadence.ts";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import type { ChunkRecord } from "#domain/sample.ts";
import { slot } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import type { FunctionName } from "#functions/manifest.ts";
import { becomes } from "#local/engine-process.ts";
import { startLambdaApi, type LambdaApi } from "#local/lambda-api.ts";
import { engineMissing, startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { testInvoker, type TestInvoker, type TestManifest } from "#test/support/local-invoker.ts";
import { lookAtPool } from "#test/support/look-at-pool.ts";
import { storesOn } from "#test/support/on-engine.ts";
import { keptLog } from "#test/support/quiet.ts";
import { buildRelease, type SourceChange } from "#test/support/release.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { registerTargets } from "#usecases/register-targets.ts";

const POOL = "deployed";
const SLOTS_LOG2 = 3;
const TARGETS = 60;
const PERIOD_MS = 4_000;
const TTL_MS = 3_000;
/** The older collectors' invocations last so long: they let go 7 s before. */
const OLDER_TIMEOUT_MS = 25_000;
const WITHIN_MS = 20_000;

const CODEC = "lib/adapters/dynamodb/lease-codec.ts";
const agent = (version: string): SourceChange => ({
  file: "lib/adapters/http/hop.ts",
  from: '"lamplighter/0.1"',
  to: `"lamplighter/${version}"`,
});

/** Doesn't know of what was added to the fleet's record, and removes it whenever it writes there. */
const OLDER: readonly SourceChange[] = [
  agent("older"),
  {
    file: "lib/domain/limits.ts",
    from: "heartbeatEveryMs: ms(3_000)",
    to: "heartbeatEveryMs: ms(800)",
  },
  { file: CODEC, from: "lastRebalance.startMs !== undefined", to: "false" },
  { file: CODEC, from: "lastRebalance.throttledTotal !== undefined", to: "false" },
  { file: CODEC, from: "lastRebalance.unitsTotal !== undefined", to: "false" },
  { file: CODEC, from: 'item["rs"] !== undefined', to: "false" },
  { file: CODEC, from: 'item["rt"] !== undefined', to: "false" },
  { file: CODEC, from: 'item["ru"] !== undefined', to: "false" },
];

/** Writes more than anybody knows of today, into every record that it touches. */
const NEWER: readonly SourceChange[] = [
  agent("newer"),
  {
    file: CODEC,
    from: "nl: number(fleet.nextLease),",
    to: 'nl: number(fleet.nextLease), zz: text("new"),',
  },
  { file: CODEC, from: "e: number(lease.epoch),", to: 'e: number(lease.epoch), zz: text("new"),' },
  {
    file: "lib/domain/progress.ts",
    from: '...last].join(";")',
    to: '...(last.length > 0 ? last : ["0,0"]), "9,9,9"].join(";")',
  },
  {
    file: "lib/adapters/dynamodb/schedule-store.ts",
    from: "SET v = :next, e = :e, b = :b,",
    to: "SET v = :next, e = :e, zz = :e, b = :b,",
  },
];

const newFolder = temporaryFolders();
let engine: TestEngine;
const older: { release?: TestManifest } = {};
const newer: { release?: TestManifest } = {};
const ending: (() => Promise<void> | void)[] = [];

describe.skipIf(engineMissing() !== undefined)("a deployment", () => {
  beforeAll(async () => {
    const folder = await newFolder();
    older.release = await buildRelease({
      ...{ folder, name: "older", changes: OLDER },
      numbers: { collect: { timeoutMs: durationMs(OLDER_TIMEOUT_MS) } },
    });
    newer.release = await buildRelease({ folder, name: "newer", changes: NEWER });
    engine = await startTestEngine();
  });
  afterEach(async () => {
    for (const end of ending.splice(0).toReversed()) await end();
  });
  afterAll(async () => {
    await engine.stop();
  });

  it("has collectors of both releases side by side: nothing twice, nothing missed, every audit clean", async () => {
    const captured = await capturedSide();
    const cloud = await startReleases();
    const stores = { ...storesOn(engine, POOL), clock: systemClock() };
    await foundPool(stores, { pool: POOL, slotsLog2: SLOTS_LOG2, desired: 2 });
    await registerTargets(
      { ...stores, ids: systemIds(), log: keptLog() },
      { pool: POOL, slotsLog2: SLOTS_LOG2, policies: POLICIES_DEFAULT },
      definitions(captured.port),
    );
    cloud.invoke("rebalance");
    expect(await becomes(() => captured.targets() === TARGETS, WITHIN_MS)).toBe(true);
    const from = stores.clock.now();
    const looks: Look[] = [await lookAtPool(stores, POOL)];
    const look = async (): Promise<void> => void looks.push(await lookAtPool(stores, POOL));

    // Functions are updated one by one. The old rebalancer starts new collectors, and gives them work.
    cloud.deploy("collect");
    await foundPool(stores, { pool: POOL, slotsLog2: SLOTS_LOG2, desired: 3 });
    cloud.invoke("rebalance");
    expect(await becomes(() => captured.by("newer") > 0, WITHIN_MS)).toBe(true);
    const shared = { older: captured.by("older"), newer: captured.by("newer") };
    const bothGoOn = (): boolean =>
      captured.by("older") > shared.older && captured.by("newer") > shared.newer;
    expect(await becomes(bothGoOn, WITHIN_MS)).toBe(true);
    await look();
    expect(await cloud.check("health-check")).toMatchObject({ violations: [] });

    // The new rebalancer finds the old one at work, and old collectors that will let go.
    cloud.deploy("rebalance");
    cloud.deploy("health-check");
    cloud.invoke("rebalance");
    expect(await becomes(() => cloud.atWork("older", "collect") === 0, WITHIN_MS)).toBe(true);
    await look();
    const last = captured.by("older");
    await wait(PERIOD_MS);
    await look();
    expect(captured.by("older")).toBe(last);
    expect(await cloud.check("health-check")).toMatchObject({ violations: [] });
    const to = stores.clock.now();
    const targets = (
      await Promise.all(allSlots().map((each) => stores.schedules.readSlot(POOL, each)))
    ).flatMap((read) => read.targets);
    await cloud.stop();

    const records = await recordsIn(cloud.samples);
    const capturedRounds = { from, to, targets, records };
    expect(auditInvariants({ looks, captured: capturedRounds, limits: AUDIT_LIMITS })).toEqual([]);
    expect(duplicates(records)).toEqual([]);
    // Before, the first captures of all of them came at once.
    const missed = records.filter((record) => record.kind === "missed");
    expect(missed.filter((record) => record.to.at > from)).toEqual([]);
    // Nobody asked without keeping what came of it.
    expect(records.length - missed.length).toBe(captured.by("older") + captured.by("newer"));
    expect(cloud.failures()).toEqual([]);
  }, 120_000);
});

interface CapturedSide {
  readonly port: number;
  readonly targets: () => number;
  readonly by: (release: "older" | "newer") => number;
}

async function capturedSide(): Promise<CapturedSide> {
  const asked = new Set<string>();
  const counts = new Map<string, number>();
  const server: Server = createServer((request, response) => {
    asked.add(request.url ?? "");
    const release = request.headers["user-agent"]?.split("/")[1] ?? "";
    counts.set(release, (counts.get(release) ?? 0) + 1);
    response.end("ok");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  ending.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    targets: () => asked.size,
    by: (release) => counts.get(release) ?? 0,
  };
}

interface Releases {
  readonly samples: string;
  /** From now on it is invoked in the newer release; what runs goes on. */
  deploy(name: FunctionName): void;
  /** As an event. */
  invoke(name: FunctionName): void;
  /** And its answer. */
  check(name: FunctionName): Promise<unknown>;
  atWork(release: "older" | "newer", name: FunctionName): number;
  /** Invocations that did not succeed. */
  failures(): readonly unknown[];
  stop(): Promise<void>;
}

async function startReleases(): Promise<Releases> {
  const folder = await newFolder();
  const samples = join(folder, "samples");
  const current = new Map<FunctionName, TestInvoker>();
  const of = (name: FunctionName): TestInvoker["invoker"] => {
    const found = current.get(name);
    if (found === undefined) throw new Error(`${name} is not deployed`);
    return found.invoker;
  };
  const api: LambdaApi = await startLambdaApi({
    invoker: {
      invoke: (name, event) => of(name).invoke(name, event),
      invokeAsync: (name, event) => of(name).invokeAsync(name, event),
    },
    names: ["rebalance", "collect", "health-check"],
  });
  ending.push(() => api.close());
  const environment = {
    PATH: "/usr/bin:/bin",
    TZ: "UTC",
    AWS_REGION: "local",
    LAMPLIGHTER_POOL: POOL,
    LEASE_TABLE_NAME: engine.tables.leases,
    TARGET_TABLE_NAME: engine.tables.targets,
    STORE_ENDPOINT: engine.endpoint,
    INVOKE_ENDPOINT: api.endpoint,
    COLLECT_FUNCTION_NAME: "collect",
    SAMPLES_LOCATION: pathToFileURL(samples).href,
    METRICS_LOCATION: pathToFileURL(join(folder, "metrics")).href,
    LEASE_TTL_MS: String(TTL_MS),
    LONGEST_TIMEOUT_MS: "500",
    LOG_LEVEL: "warn",
  };
  const started = ({ release }: { release?: TestManifest }): TestInvoker => {
    if (release === undefined) throw new Error("the release is not built");
    const made = testInvoker({ manifest: release, environment: () => environment });
    ending.push(() => made.close());
    return made;
  };
  const releases = { older: started(older), newer: started(newer) };
  for (const name of ["rebalance", "collect", "health-check"] as const) {
    current.set(name, releases.older);
  }
  return {
    samples,
    deploy: (name) => void current.set(name, releases.newer),
    invoke: (name) => void of(name).invokeAsync(name, "{}"),
    check: async (name) => {
      const answer: unknown = JSON.parse((await of(name).invoke(name, "{}"))?.payload ?? "null");
      return answer;
    },
    atWork: (release, name) =>
      releases[release].invoker
        .processes()
        .filter((each) => each.name === name && each.state === "busy").length,
    failures: () =>
      [...releases.older.events, ...releases.newer.events].filter(
        (event) => event.kind === "invocation-ended" && event.outcome === "failed",
      ),
    stop: async () => {
      for (const { invoker } of Object.values(releases)) await invoker.drain(10_000);
    },
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
      timeoutMs: durationMs(500),
      redirectsMax: 0,
      insecure: false,
      keep: [],
      assertions: [{ kind: "status", allowed: [200] }],
    },
    cadence: every(PERIOD_MS),
    tags: {},
  }));
}

function allSlots(): ReturnType<typeof slot>[] {
  return Array.from({ length: 2 ** SLOTS_LOG2 }, (_, index) => slot(index, SLOTS_LOG2));
}

async function recordsIn(root: string): Promise<ChunkRecord[]> {
  const store = filesystemSampleStore({ root });
  const all = { pool: POOL, from: epochMs(0), to: epochMs(Number.MAX_SAFE_INTEGER) };
  const { entries, cursor } = await store.list(all);
  expect(cursor).toBeUndefined();
  const records: ChunkRecord[] = [];
  for (const entry of entries) {
    for (const { lines } of (await store.get(entry)) ?? []) {
      for (const text of lines.trimEnd().split("\n")) {
        const record = parseChunkLine(text);
        if (record === undefined) throw new Error(`not a record: ${text}`);
        records.push(record);
      }
    }
  }
  return records;
}
