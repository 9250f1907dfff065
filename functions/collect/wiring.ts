import type * as z from "zod";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { httpProbe } from "#adapters/http/http-probe.ts";
import { noopProbe } from "#adapters/noop-probe.ts";
import { probes } from "#adapters/probes.ts";
import { referencedSecrets } from "#adapters/secrets/referenced-secrets.ts";
import { systemBusyMs } from "#adapters/system/busy.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { limits } from "#domain/limits.ts";
import { COLLECT_SETTINGS, type CollectDeps } from "#usecases/collect/settings.ts";
import { sampleStoreAt } from "../shared/sample-store-at.ts";
import type { SamplesLocation } from "../shared/samples-location.ts";
import { wireStore } from "../shared/wiring.ts";
import type { collectEnvironment } from "./env.ts";
import { ownPlaces } from "./own-places.ts";

type Environment = z.output<typeof collectEnvironment>;

/** @param all the whole environment: secrets are looked up in it, and what no target may reach. */
export async function wireCollect(
  environment: Environment,
  all: Readonly<Record<string, string | undefined>>,
): Promise<Omit<CollectDeps, "log">> {
  const { clock, meter, leases, store } = wireStore(environment);
  return {
    clock,
    meter,
    leases,
    schedules: dynamoScheduleStore(store(environment.TARGET_TABLE_NAME)),
    requests: dynamoRequestStore(store(environment.LEASE_TABLE_NAME)),
    samples: await sampleStoreAt(environment.SAMPLES_LOCATION, clock),
    probe: probes({
      http: httpProbe({
        clock,
        secrets: referencedSecrets({ environment: all, clock }),
        forbidden: ownPlaces(all),
        perHostMax: environment.PER_HOST_MAX,
        perHostGapMs: environment.PER_HOST_GAP_MS,
        allowPrivate: environment.ALLOW_PRIVATE,
      }),
      noop: noopProbe(clock),
    }),
    ids: systemIds(),
    busyMs: systemBusyMs,
    settings: {
      ...COLLECT_SETTINGS,
      ttlMs: environment.LEASE_TTL_MS,
      // A third of the TTL, so that two heartbeats may fail.
      heartbeatEveryMs: Math.min(COLLECT_SETTINGS.heartbeatEveryMs, environment.LEASE_TTL_MS / 3),
      longestTimeoutMs: environment.LONGEST_TIMEOUT_MS,
      chunkEveryMs: environment.CHUNK_EVERY_MS ?? chunkEveryAt(environment.SAMPLES_LOCATION),
    },
  };
}

/**
 * Of a pool that captures 100,000 targets a minute on ten collectors, chunks of one second would cost
 * 130 $ a month in puts alone; a fsync costs nothing. What is lost with a collector is taken again
 * either way, and longer chunks are that much more of it.
 */
function chunkEveryAt(location: SamplesLocation): number {
  return location.kind === "s3" ? limits.chunkEveryObjectMs : limits.chunkEveryMs;
}
