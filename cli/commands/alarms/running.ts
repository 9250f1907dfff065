/** The alarms of a system that another process runs. Fails: DependencyError when none does. */
import { existsSync } from "node:fs";
import { DependencyError } from "#domain/errors.ts";
import { readAlarms } from "#local/alarms/state-file.ts";
import { dataPaths } from "#local/paths.ts";
import { findRunningCloud } from "#local/state-file.ts";
import { noSystem } from "../../connect/stores.ts";
import type { Context } from "../../context.ts";
import { formatDistance } from "../../output/moment.ts";
import type { AlarmsSeen } from "./seen.ts";

/** It happens every minute; one may be missed. */
const FRESH_MS = 150_000;

export async function runningAlarms(context: Context): Promise<AlarmsSeen> {
  const { data } = context.options;
  const cloud = await findRunningCloud(data);
  if (cloud === undefined) throw existsSync(dataPaths(data).store) ? stopped(data) : noSystem(data);
  const of = `pool ${cloud.pool}`;
  if (!cloud.functions) {
    const warning = "this system's functions run by hand only: it evaluates no alarms";
    return { of, alarms: [], warning };
  }
  const kept = await readAlarms(data);
  if (kept === undefined) {
    const warning = "not known yet: alarms are first evaluated within a minute of the start";
    return { of, alarms: [], warning };
  }
  const { alarms, evaluatedAt } = kept;
  const now = context.now();
  const seen = { of, alarms, evaluatedAt };
  if (now - evaluatedAt <= FRESH_MS) return seen;
  return { ...seen, warning: `evaluated ${formatDistance(evaluatedAt, now)}: the system is stuck, or asleep` }; // prettier-ignore
}

function stopped(data: string): DependencyError {
  return new DependencyError(
    `none runs on ${data}, and alarms are evaluated while a system runs: start it with \`npm start\``,
    { retryable: false },
  );
}
