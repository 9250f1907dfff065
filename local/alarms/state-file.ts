/**
 * What a running local cloud tells other commands about its alarms: `<data>/alarms.json`.
 *
 * Holds: written whole or not at all; removed when the cloud has stopped.
 */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import * as z from "zod";
import { ALARM_IDS } from "#domain/alarm/definition.ts";
import { epochMs } from "#domain/units.ts";
import { dataPaths } from "../paths.ts";

const moment = z.number().transform(epochMs);

const alarmsSchema = z.object({
  pool: z.string(),
  evaluatedAt: moment,
  alarms: z.array(
    z.object({
      id: z.enum(ALARM_IDS),
      value: z.enum(["OK", "ALARM", "INSUFFICIENT_DATA"]),
      reason: z.string(),
      since: moment,
    }),
  ),
});

export type AlarmsKept = z.infer<typeof alarmsSchema>;

/** undefined when none were evaluated yet. */
export async function readAlarms(dataFolder: string): Promise<AlarmsKept | undefined> {
  try {
    return alarmsSchema.parse(JSON.parse(await readFile(dataPaths(dataFolder).alarms, "utf8")));
  } catch {
    return undefined;
  }
}

export async function writeAlarms(dataFolder: string, kept: AlarmsKept): Promise<void> {
  const { alarms: path } = dataPaths(dataFolder);
  await writeFile(`${path}.tmp`, `${JSON.stringify(kept, undefined, 2)}\n`);
  await rename(`${path}.tmp`, path);
}

export async function removeAlarms(dataFolder: string): Promise<void> {
  await rm(dataPaths(dataFolder).alarms, { force: true });
}
