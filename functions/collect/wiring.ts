import { fileURLToPath } from "node:url";
import type * as z from "zod";
import { dynamoRequestStore } from "#adapters/dynamodb/request-store.ts";
import { dynamoScheduleStore } from "#adapters/dynamodb/schedule-store.ts";
import { filesystemSampleStore } from "#adapters/filesystem/sample-store.ts";
import { httpProbe } from "#adapters/http/http-probe.ts";
import { noopProbe } from "#adapters/noop-probe.ts";
import { probes } from "#adapters/probes.ts";
import { environmentSecrets } from "#adapters/secrets/environment-secrets.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { COLLECT_SETTINGS, type CollectDeps } from "#usecases/collect/settings.ts";
import { wireStore } from "../shared/wiring.ts";
import type { collectEnvironment } from "./env.ts";
import { ownPlaces } from "./own-places.ts";

type Environment = z.output<typeof collectEnvironment>;

/** @param all the whole environment: secrets are looked up in it, and what no target may reach. */
export function wireCollect(
  environment: Environment,
  all: Readonly<Record<string, string | undefined>>,
): Omit<CollectDeps, "log"> {
  const { clock, meter, leases, store } = wireStore(environment);
  return {
    clock,
    meter,
    leases,
    schedules: dynamoScheduleStore(store(environment.TARGET_TABLE_NAME)),
    requests: dynamoRequestStore(store(environment.LEASE_TABLE_NAME)),
    samples: filesystemSampleStore({ root: fileURLToPath(environment.SAMPLES_LOCATION) }),
    probe: probes({
      http: httpProbe({
        clock,
        secrets: environmentSecrets(all),
        forbidden: ownPlaces(all),
        perHostMax: environment.PER_HOST_MAX,
        perHostGapMs: environment.PER_HOST_GAP_MS,
        allowPrivate: environment.ALLOW_PRIVATE,
      }),
      noop: noopProbe(clock),
    }),
    ids: systemIds(),
    settings: {
      ...COLLECT_SETTINGS,
      ttlMs: environment.LEASE_TTL_MS,
      // A third of the TTL, so that two heartbeats may fail.
      heartbeatEveryMs: Math.min(COLLECT_SETTINGS.heartbeatEveryMs, environment.LEASE_TTL_MS / 3),
      longestTimeoutMs: environment.LONGEST_TIMEOUT_MS,
      chunkEveryMs: environment.CHUNK_EVERY_MS,
    },
  };
}
