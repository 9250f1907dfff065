/**
 * Sends one event to a function of the running system and prints its answer.
 *
 * Exit: 0 it succeeded (or was accepted), 1 it failed.
 */
import { readFile } from "node:fs/promises";
import { InvokeCommand, LambdaClient, type InvokeCommandOutput } from "@aws-sdk/client-lambda";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { DependencyError, InvalidInputError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { findRunningCloud } from "#local/state-file.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import type { InvokeOptions } from "../invoke.ts";

/** On top of the function's own time. */
const ANSWER_MARGIN_MS = 15_000;

export async function invoke(
  context: Context,
  name: FunctionName,
  options: InvokeOptions,
): Promise<ExitCode> {
  const event = await readEvent(context, options.event);
  const cloud = await findRunningCloud(context.options.data);
  if (cloud === undefined) {
    throw new DependencyError(
      `no system runs on ${context.options.data}: start it with \`npm start\``,
      { retryable: false },
    );
  }
  const { StatusCode, FunctionError, Payload } = await send(
    cloud.invokeEndpoint,
    name,
    event,
    options.async,
  );
  const answer = Payload === undefined ? "" : Buffer.from(Payload).toString("utf8");
  if (FunctionError !== undefined) {
    await context.warn(`${name} failed: ${answer}`);
    return exitCodes.negative;
  }
  if (answer !== "") await context.say(answer);
  else await context.warn(`${name} accepted (${StatusCode ?? "no status"})`);
  return exitCodes.ok;
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

async function send(
  endpoint: string,
  name: FunctionName,
  event: string,
  isAsync: boolean,
): Promise<InvokeCommandOutput> {
  const client = new LambdaClient({
    endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    // An invocation is not repeated behind the person's back.
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: limits.connectTimeoutMs,
      requestTimeout: manifest[name].timeoutMs + ANSWER_MARGIN_MS,
    }),
  });
  try {
    const InvocationType = isAsync ? "Event" : "RequestResponse";
    return await client.send(
      new InvokeCommand({ FunctionName: name, InvocationType, Payload: Buffer.from(event) }),
    );
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DependencyError(`${name} could not be invoked: ${why}`, { retryable: true, cause });
  } finally {
    client.destroy();
  }
}
