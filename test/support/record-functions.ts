/**
 * Rebalance, collect and health check once each, by their own handlers, on the local engine and on
 * stubs of all other services; what they ask for is recorded by function.
 *
 * The pool is founded, a target with a secret is registered, captured on request, and committed.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { vi } from "vitest";
import { systemClock } from "#adapters/system/clock.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { every } from "#domain/cadence.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { durationMs } from "#domain/units.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { startCloudWatchStub } from "./cloudwatch-stub.ts";
import { startTestEngine } from "./engine.ts";
import { lambdaContext } from "./lambda-context.ts";
import { storesOn } from "./on-engine.ts";
import { keptLog } from "./quiet.ts";
import type { CallRecorder } from "./record-calls.ts";
import { startS3Stub } from "./s3-stub.ts";
import { startSecretServices } from "./secret-services.ts";
import { startStubAws } from "./stub-aws.ts";

const POOL = "default";
/** So many that each minute of the health check's rotation has some. */
const SLOTS_LOG2 = 6;
const BUCKET = "run-chunks";
const COLLECT = "run-collect";
const WAIT = { timeout: 20_000, interval: 50 };

/** For one test: it sets environment variables, and imports the handlers, once a process. */
export async function runFunctionsOnce(recorder: CallRecorder): Promise<void> {
  const [engine, s3, cloudWatch, secrets, aws] = await Promise.all([
    startTestEngine(),
    startS3Stub([BUCKET]),
    startCloudWatchStub(),
    startSecretServices(),
    startStubAws(),
  ]);
  const captured = await startTarget();
  recorder.names.set(engine.tables.leases, "leases").set(engine.tables.targets, "targets");
  recorder.names.set(BUCKET, "samples").set(COLLECT, "collect-function");
  secrets.parameters.set("/team/token", "x");
  setEnvironment({
    LAMPLIGHTER_POOL: POOL,
    LEASE_TABLE_NAME: engine.tables.leases,
    TARGET_TABLE_NAME: engine.tables.targets,
    COLLECT_FUNCTION_NAME: COLLECT,
    SAMPLES_LOCATION: `s3://${BUCKET}/samples`,
    METRICS_LOCATION: "cloudwatch:Lamplighter",
    STORE_ENDPOINT: engine.endpoint,
    INVOKE_ENDPOINT: aws.endpoint,
    COLLECTORS: "1",
    SLOTS_LOG2: String(SLOTS_LOG2),
    CHUNK_EVERY_MS: "100",
    LOG_LEVEL: "error",
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_CLOUDWATCH: cloudWatch.endpoint,
    AWS_ENDPOINT_URL_SSM: secrets.endpoint,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  });
  try {
    await recorder.run("rebalance", () => rebalanceUntil((drain) => (aws.onInvoke = drain)));
    const { schedules, requests, pool } = storesOn(engine, POOL);
    await registerTargets(
      { schedules, requests, clock: systemClock(), ids: systemIds(), log: keptLog() },
      { pool, slotsLog2: SLOTS_LOG2, policies: POLICIES_DEFAULT },
      [targetAt(captured.place)],
    );
    const [started] = aws.invocations;
    await recorder.run("collect", () =>
      collectUntil(started?.event, async () => {
        await vi.waitFor(async () => {
          const open = await requests.list(POOL, [{ from: 0, to: 2 ** 32 }], SLOTS_LOG2);
          if (open.length > 0) throw new Error("the request is still open");
          if (s3.seen("PutObject") === 0) throw new Error("no chunk was put");
        }, WAIT);
      }),
    );
    await recorder.run("health-check", checkOnce);
  } finally {
    captured.server.closeAllConnections();
    captured.server.close();
    await Promise.all([engine, s3, cloudWatch, secrets].map((each) => each.stop()));
    await aws.close();
  }
}

function setEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
}

async function startTarget(): Promise<{ readonly server: Server; readonly place: string }> {
  const server = createServer((_request, response) => response.end("ok")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { server, place: `127.0.0.1:${address.port}` };
}

function targetAt(place: string): TargetDefinition {
  return {
    id: place,
    cadence: every(1_000),
    tags: {},
    probe: {
      kind: "http",
      url: `http://${place}/`,
      method: "GET",
      headers: { "x-token": { $ref: "ssm:/team/token" } },
      timeoutMs: durationMs(500),
      redirectsMax: 0,
      insecure: false,
      keep: [],
      assertions: [{ kind: "status", allowed: [200] }],
    },
  };
}

async function rebalanceUntil(onInvoke: (drain: () => unknown) => void): Promise<void> {
  const { handler } = await import("#functions/rebalance/handler.ts");
  const drain = new AbortController();
  onInvoke(() => {
    drain.abort();
    return {};
  });
  await handler({}, lambdaContext({ lamplighterStop: drain.signal }));
}

async function collectUntil(event: unknown, isDone: () => Promise<void>): Promise<void> {
  const { handler } = await import("#functions/collect/handler.ts");
  const stop = new AbortController();
  const context = lambdaContext({ leftMs: 300_000, lamplighterStop: stop.signal });
  const running = handler(event, context);
  try {
    await isDone();
  } finally {
    stop.abort();
    await running;
  }
}

async function checkOnce(): Promise<void> {
  const { handler } = await import("#functions/health-check/handler.ts");
  await handler({}, lambdaContext());
}
