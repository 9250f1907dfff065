/** An engine, a founded pool and registered targets in a temporary folder: what benchmarks stand on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { jsonLog } from "#adapters/system/log.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { startTestEngine } from "#test/support/engine.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { registerTargets } from "#usecases/register-targets.ts";

export const BENCH_POOL = "bench";

export interface BenchOptions {
  readonly slotsLog2: number;
  readonly collectors: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function benchWorld(options: BenchOptions) {
  const folder = mkdtempSync(join(tmpdir(), "lamplighter-bench-"));
  const engine = await startTestEngine();
  const clock = systemClock();
  const ids = systemIds();
  const meter = capacityMeter();
  const log = jsonLog({ level: "warn", clock });
  const store = (tableName: string) => ({ client: engine.client, tableName, meter, clock });
  const leases = dynamoLeaseStore(store(engine.tables.leases));
  const schedules = dynamoScheduleStore(store(engine.tables.targets));
  const requests = dynamoRequestStore(store(engine.tables.leases));
  await foundPool(
    { clock, leases },
    { pool: BENCH_POOL, slotsLog2: options.slotsLog2, desired: options.collectors },
  );
  const environment: Record<string, string> = {
    LAMPLIGHTER_POOL: BENCH_POOL,
    LEASE_TABLE_NAME: engine.tables.leases,
    TARGET_TABLE_NAME: engine.tables.targets,
    STORE_ENDPOINT: engine.endpoint,
    SAMPLES_LOCATION: pathToFileURL(join(folder, "samples")).href,
    METRICS_LOCATION: pathToFileURL(join(folder, "metrics")).href,
    ...options.environment,
  };
  return {
    folder,
    engine,
    clock,
    ids,
    log,
    leases,
    schedules,
    requests,
    meter,
    environment,
    register: (definitions: Iterable<TargetDefinition>, onProgress?: (done: number) => void) =>
      registerTargets(
        { schedules, requests, clock, ids, log },
        { pool: BENCH_POOL, slotsLog2: options.slotsLog2, policies: POLICIES_DEFAULT },
        definitions,
        { ...(onProgress !== undefined && { onProgress: ({ done }) => { onProgress(done); } }) },
      ), // prettier-ignore
    close: async () => {
      await engine.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One line of a result beside its goal. */
export function say(what: string, found: string, goal: string, met: boolean): void {
  console.log(
    `${met ? "met   " : "MISSED"}  ${what.padEnd(58)} ${found.padStart(22)}   goal ${goal}`,
  );
}
