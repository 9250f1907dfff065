/**
 * Sends one event to a function and prints its answer: through the running system's Invoke API, or
 * in a local cloud that is started for this one invocation, without schedules.
 *
 * Exit: 0 it succeeded (or was accepted), 1 it failed.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { DependencyError, InvalidInputError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { manifest, type FunctionManifest, type FunctionName } from "#functions/manifest.ts";
import { startLocalCloud } from "#local/cloud.ts";
import { dataPaths } from "#local/paths.ts";
import { findRunningCloud } from "#local/state-file.ts";
import { noSystem } from "../../connect/stores.ts";
import { POOL_DEFAULT, type Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import type { InvokeOptions } from "../invoke.ts";

interface Answer {
  readonly kind: "succeeded" | "accepted" | "failed";
  readonly payload: string;
}

export async function invoke(
  context: Context,
  name: FunctionName,
  options: InvokeOptions,
): Promise<ExitCode> {
  const event = await readEvent(context, options.event);
  const cloud = await findRunningCloud(context.options.data);
  const { kind, payload } =
    cloud === undefined
      ? await invokeAlone(context, name, event)
      : await invokeThere(cloud.invokeEndpoint, name, event, options.async);
  switch (kind) {
    case "succeeded":
      await context.say(payload);
      return exitCodes.ok;
    case "accepted":
      await context.warn(`${name} accepted`);
      return exitCodes.ok;
    case "failed":
      await context.warn(`${name} failed: ${context.options.json ? payload : reasonIn(payload)}`);
      return exitCodes.negative;
  }
}

/** As Lambda tells of errors: `{"errorType":…,"errorMessage":…,"trace":…}`; all of it with --json. */
function reasonIn(payload: string): string {
  const type = /"errorType":"(?<name>\w+)/u.exec(payload)?.groups?.["name"];
  const message = /"errorMessage":(?<text>"(?:[^"\\]|\\.)*")/u.exec(payload)?.groups?.["text"];
  return message === undefined ? payload : `${type ?? "Error"}: ${String(JSON.parse(message))}`;
}

/** @throws InvalidInputError unless it is JSON. */
async function readEvent({ io }: Context, file: string | undefined): Promise<string> {
  if (file === undefined) return "{}";
  let event: string;
  try {
    event = file === "-" ? await textOf(io.stdin) : await readFile(file, "utf8");
    JSON.parse(event);
    return event;
  } catch (cause) {
    const found = cause instanceof SyntaxError ? `no JSON (${cause.message})` : "nothing readable";
    throw new InvalidInputError({ where: file, found, expected: "an event as JSON" }, { cause });
  }
}

async function textOf(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString("utf8");
}

/** On top of the function's own time. */
const ANSWER_MARGIN_MS = 15_000;

async function invokeThere(
  endpoint: string,
  name: FunctionName,
  event: string,
  isAsync: boolean,
): Promise<Answer> {
  const client = new LambdaClient({
    endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    // An invocation is not repeated behind the person's back.
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: limits.connectTimeoutMs,
      requestTimeout: manifest[name].timeoutMs + ANSWER_MARGIN_MS,
      throwOnRequestTimeout: true,
    }),
  });
  try {
    const InvocationType = isAsync ? "Event" : "RequestResponse";
    const { FunctionError, Payload = new Uint8Array() } = await client.send(
      new InvokeCommand({ FunctionName: name, InvocationType, Payload: Buffer.from(event) }),
    );
    // Nothing comes back: the SDK then has null where its types say undefined.
    if (isAsync) return { kind: "accepted", payload: "" };
    const payload = Buffer.from(Payload).toString("utf8");
    return { kind: FunctionError === undefined ? "succeeded" : "failed", payload };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DependencyError(`${name} could not be invoked: ${why}`, { retryable: true, cause });
  } finally {
    client.destroy();
  }
}

async function invokeAlone(context: Context, name: FunctionName, event: string): Promise<Answer> {
  const { data, pool = POOL_DEFAULT } = context.options;
  if (!existsSync(dataPaths(data).store)) throw noSystem(data);
  const cloud = await startLocalCloud({
    data,
    pool,
    policies: POLICIES_DEFAULT,
    source: { kind: "none" },
    environment: { ...context.io.environment },
    manifest: withoutSchedules(),
    logLevel: "warn",
  });
  const forget = context.io.signals.atEnd(() => cloud.kill());
  try {
    const outcome = await cloud.invoke(name, JSON.parse(event));
    if (outcome === undefined) return { kind: "failed", payload: "no process was free" };
    const { kind, payload } = outcome;
    return { kind: kind === "succeeded" ? kind : "failed", payload };
  } finally {
    await cloud.stop();
    forget();
  }
}

/** Nothing runs but what is asked for, and what that starts. */
function withoutSchedules(): Readonly<Record<FunctionName, FunctionManifest>> {
  const alone = ({ scheduleEveryMs: _, ...rest }: FunctionManifest): FunctionManifest => rest;
  return {
    rebalance: alone(manifest.rebalance),
    collect: alone(manifest.collect),
    "health-check": alone(manifest["health-check"]),
  };
}
