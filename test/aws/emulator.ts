/**
 * One execution environment as AWS Lambda has them: its own runtime interface emulator starts its
 * own runtime interface client on a bundle's folder.
 *
 * Holds: one invocation at a time, as there; the bundle sees what the deployed function would, and
 *        the variables that it is given.
 */
import { readFile } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "#local/engine-process.ts";
import { emulatorTimes, type EmulatorTimes } from "./emulator-log.ts";
import { ACCOUNT, REGION } from "./environment.ts";
import { places } from "./places.ts";
import { keepRunning } from "./processes.ts";

export interface FunctionToRun {
  /** As it is deployed. */
  readonly name: string;
  /** Folder of the bundle. */
  readonly bundle: string;
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
}

export interface Emulator {
  /** What it answers, an error's description included. */
  invoke(event: unknown): Promise<unknown>;
  times(): Promise<EmulatorTimes>;
  /** What it and the function said. */
  log(): Promise<string>;
  end(): Promise<void>;
}

const UP_WITHIN_MS = 20_000;
const POLL_MS = 50;
/** Beyond the function's own time. */
const ANSWER_MARGIN_MS = 20_000;
const PATH = "/2015-03-31/functions/function/invocations";

let started = 0;

export async function startEmulator(run: FunctionToRun): Promise<Emulator> {
  const port = await freePort();
  const runtimePort = await freePort();
  started += 1;
  const file = join(places.logs, `emulator-${process.pid}-${started}-${run.name}.log`);
  const running = keepRunning(
    {
      command: join(places.python, emulatorBinary()),
      args: [
        "--runtime-interface-emulator-address",
        `127.0.0.1:${port}`,
        "--runtime-api-address",
        `127.0.0.1:${runtimePort}`,
        process.execPath,
        places.runtimeClient,
        run.handler,
      ],
      cwd: run.bundle,
      environment: {
        PATH: process.env["PATH"] ?? "",
        // What the platform sets ("Defined runtime environment variables", 2026-11).
        TZ: ":UTC",
        LANG: "en_US.UTF-8",
        LAMBDA_TASK_ROOT: run.bundle,
        AWS_REGION: REGION,
        AWS_DEFAULT_REGION: REGION,
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        AWS_SESSION_TOKEN: "test",
        AWS_ACCOUNT_ID: ACCOUNT,
        AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
        AWS_LAMBDA_FUNCTION_NAME: run.name,
        AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(run.memoryMb),
        AWS_LAMBDA_FUNCTION_TIMEOUT: String(run.timeoutSeconds),
        ...run.environment,
      },
      isInOurGroup: true,
    },
    file,
  );
  const log = (): Promise<string> => readFile(file, "utf8");
  const emulator = {
    invoke: (event: unknown) => post(port, event, run.timeoutSeconds * 1_000 + ANSWER_MARGIN_MS),
    times: async () => emulatorTimes(await log()),
    log,
    end: () => running.end(),
  };
  if (await listens(port, () => running.isRunning())) return emulator;
  await emulator.end();
  throw new Error(`the emulator of ${run.name} doesn't come up:\n${await log()}`);
}

function emulatorBinary(): string {
  const architecture = process.arch === "arm64" ? "arm64" : "x86_64";
  const [python] = readdirSync(join(places.python, "lib"));
  return `lib/${python ?? ""}/site-packages/samcli/local/rapid/aws-lambda-rie-${architecture}`;
}

/** Any answer will do; it has none for this path. */
async function listens(port: number, isRunning: () => boolean): Promise<boolean> {
  const giveUpAt = performance.now() + UP_WITHIN_MS;
  while (performance.now() < giveUpAt && isRunning()) {
    try {
      await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1_000) });
      return true;
    } catch {
      await wait(POLL_MS);
    }
  }
  return false;
}

/** Not with fetch: it gives up on headers that take more than five minutes. */
async function post(port: number, event: unknown, withinMs: number): Promise<unknown> {
  const body = JSON.stringify(event);
  const answer = await new Promise<string>((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        path: PATH,
        method: "POST",
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        signal: AbortSignal.timeout(withinMs),
      },
      (response) => {
        text(response).then(resolve, reject);
      },
    );
    sent.once("error", reject);
    sent.end(body);
  });
  return answer === "" ? undefined : JSON.parse(answer);
}
