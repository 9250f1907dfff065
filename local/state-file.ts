/**
 * What a running local cloud tells other commands about itself: `<data>/cloud.json`.
 *
 * Holds: written whole or not at all; removed when the cloud has stopped. After a crash it stays,
 *        and `findRunningCloud` sees that its process is gone.
 */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import * as z from "zod";
import { dataPaths } from "./paths.ts";
import { isRunning } from "./process-identity.ts";

const identitySchema = z.object({ pid: z.int().positive(), startToken: z.string() });

const cloudStateSchema = z.object({
  pool: z.string(),
  startedAt: z.number(),
  supervisor: identitySchema,
  /** Runtimes that were alive at the last change; a later supervisor ends those that survived. */
  runtimes: z.array(identitySchema),
  /** Of the DynamoDB-compatible engine. */
  storeEndpoint: z.string(),
  /** Of the Lambda-compatible invoke API. */
  invokeEndpoint: z.string(),
  leaseTableName: z.string(),
  targetTableName: z.string(),
  /** A folder. */
  samples: z.string(),
  /** False: functions run only when somebody invokes them. */
  functions: z.boolean().optional(),
  /** Cadences as `parseCadenceKey` reads them. */
  policies: z.object({ alerting: z.string(), standard: z.string() }).optional(),
});

export type CloudState = z.infer<typeof cloudStateSchema>;

/** What was written last, whether its process still runs or not; undefined when there is none. */
export async function readCloudState(dataFolder: string): Promise<CloudState | undefined> {
  try {
    return cloudStateSchema.parse(JSON.parse(await readFile(dataPaths(dataFolder).state, "utf8")));
  } catch {
    return undefined;
  }
}

/** The cloud that runs on this data folder now; undefined when none does. */
export async function findRunningCloud(dataFolder: string): Promise<CloudState | undefined> {
  const state = await readCloudState(dataFolder);
  return state !== undefined && isRunning(state.supervisor) ? state : undefined;
}

export async function writeCloudState(dataFolder: string, state: CloudState): Promise<void> {
  const { state: path } = dataPaths(dataFolder);
  await writeFile(`${path}.tmp`, `${JSON.stringify(state, undefined, 2)}\n`);
  await rename(`${path}.tmp`, path);
}

export async function removeCloudState(dataFolder: string): Promise<void> {
  await rm(dataPaths(dataFolder).state, { force: true });
}
