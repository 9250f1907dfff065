/** The stand-ins for AWS: started on free ports, waited for, told what they need to be told. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { answers, freePort } from "#local/engine-process.ts";
import { places, REPOSITORY } from "./places.ts";
import { keepRunning, type Running } from "./processes.ts";
import { StepFailure } from "./report.ts";

const UP_WITHIN_MS = 60_000;
const POLL_MS = 200;
const CALL_WITHIN_MS = 5_000;

export interface StandIn extends Running {
  readonly port: number;
}

type Environment = Readonly<Record<string, string>>;

export async function startMoto(environment: Environment): Promise<StandIn> {
  const port = await freePort();
  const process = keepRunning(
    {
      command: join(places.pythonBin, "moto_server"),
      args: ["--host", "127.0.0.1", "--port", String(port)],
      cwd: REPOSITORY,
      environment: { ...environment, MOTO_PORT: String(port) },
    },
    join(places.logs, "moto.log"),
  );
  const configure = async (): Promise<boolean> => {
    try {
      // Functions are made, and answer nothing: its way to run them needs Docker.
      const answer = await fetch(`http://127.0.0.1:${port}/moto-api/config`, {
        method: "POST",
        body: JSON.stringify({ lambda: { use_docker: false } }),
        signal: AbortSignal.timeout(CALL_WITHIN_MS),
      });
      return answer.ok;
    } catch {
      return false;
    }
  };
  await comesUp("moto", process, configure);
  return { ...process, port };
}

export async function startDynamoDbLocal(environment: Environment): Promise<StandIn> {
  const port = await freePort();
  const jars = (await readdir(places.dynamoDbLocal)).filter((name) => name.endsWith(".jar"));
  const process = keepRunning(
    {
      command: "java",
      args: [
        `-Djava.library.path=${places.dynamoDbLocal}`,
        "-Xmx512m",
        "-cp",
        jars.map((jar) => join(places.dynamoDbLocal, jar)).join(":"),
        "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
        "-inMemory",
        "-disableTelemetry",
        "-port",
        String(port),
      ],
      cwd: places.dynamoDbLocal,
      environment: { ...environment, DDB_LOCAL_TELEMETRY: "0" },
    },
    join(places.logs, "dynamodb-local.log"),
  );
  await comesUp("DynamoDB Local", process, () =>
    answers(`http://127.0.0.1:${port}`, CALL_WITHIN_MS),
  );
  return { ...process, port };
}

async function comesUp(
  name: string,
  process: Running,
  isUp: () => Promise<boolean>,
): Promise<void> {
  const giveUpAt = performance.now() + UP_WITHIN_MS;
  while (performance.now() < giveUpAt) {
    if (await isUp()) return;
    if (!process.isRunning()) throw new StepFailure(`${name} ended at once: see .test-aws/logs`);
    await wait(POLL_MS);
  }
  await process.end();
  throw new StepFailure(`${name} didn't answer within ${UP_WITHIN_MS / 1_000} s`);
}
