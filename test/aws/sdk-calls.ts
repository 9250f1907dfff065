/** Calls to services whose SDK is no dependency of ours: Python's, installed beside the stand-in. */
import { join } from "node:path";
import * as z from "zod";
import { definedVariables } from "./environment.ts";
import { places, REPOSITORY } from "./places.ts";
import { run } from "./processes.ts";

const CALLS_WITHIN_MS = 60_000;

export interface SdkCall {
  readonly service: string;
  /** In Python's spelling. */
  readonly operation: string;
  readonly parameters: object;
}

const answers = z.array(z.record(z.string(), z.unknown()));

/** One answer a call. @throws with what the SDK or the service said. */
export async function sdkCalls(
  calls: readonly SdkCall[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const ran = await run(
    {
      command: join(places.pythonBin, "python"),
      // What it warns of goes elsewhere than what it answers.
      args: ["-W", "ignore", places.sdkCalls],
      cwd: REPOSITORY,
      environment: definedVariables(process.env),
      input: JSON.stringify(calls),
      isInOurGroup: true,
    },
    CALLS_WITHIN_MS,
  );
  if (ran.code !== 0) throw new Error(ran.output);
  return answers.parse(JSON.parse(ran.output));
}
