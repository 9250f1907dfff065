/**
 * Sends one event to a function and prints its answer: through an Invoke API (a deployed stack's, one
 * at an endpoint, the running system's), or in a local cloud that is started for this one invocation,
 * without schedules.
 *
 * Exit: 0 it succeeded (or was accepted), 1 it failed.
 */
import { createReadStream, existsSync } from "node:fs";
import { InvalidInputError, InvariantError } from "#domain/errors.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { startLocalCloud } from "#local/cloud.ts";
import { dataPaths } from "#local/paths.ts";
import { findRunningCloud } from "#local/state-file.ts";
import { noSystem } from "../../connect/stores.ts";
import { POOL_DEFAULT, type Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import type { InvokeOptions } from "../invoke.ts";
import { saidWhenLate, runsUpTo } from "./late.ts";
import { send, type Answer, type Receiver } from "./send.ts";

/** On top of the function's own time. */
const ANSWER_MARGIN_MS = 15_000;
/** Who serves functions from containers may have to fetch and build an image first. */
const CONTAINER_MARGIN_MS = 10 * 60_000;

export async function invoke(
  context: Context,
  name: FunctionName,
  options: InvokeOptions,
): Promise<ExitCode> {
  const event = await readEvent(context, options.event);
  const receiver = await receiverOf(context, name, options);
  const { kind, payload } = await answerTo(context, { name, event, receiver, isAsync: options.async }); // prettier-ignore
  switch (kind) {
    case "succeeded":
      await context.say(payload);
      return exitCodes.ok;
    case "accepted":
      await context.warn(`${name} accepted`);
      return exitCodes.ok;
    case "failed":
      await context.warn(`${name} failed: ${context.options.json ? payload : reasonIn(payload)}`);
      if (options.event === undefined && MISSES_EVENT.test(reasonIn(payload))) {
        await context.warn(`no --event was given: examples/events/${name}.json is an example`);
      }
      return exitCodes.negative;
  }
}

interface Invocation {
  readonly name: FunctionName;
  /** As JSON. */
  readonly event: string;
  readonly receiver: Receiver | undefined;
  readonly isAsync: boolean;
}

async function answerTo(
  context: Context,
  { name, event, receiver, isAsync }: Invocation,
): Promise<Answer> {
  if (receiver === undefined) {
    const late = `${runsUpTo(name)}; Ctrl-C ends it`;
    return saidWhenLate(invokeAlone(context, name, event), () => context.warn(late));
  }
  const answer = send(receiver, { name, event, isAsync });
  if (isAsync) return answer;
  const late = `${runsUpTo(name)}; --async starts it without waiting, Ctrl-C stops waiting`;
  return saidWhenLate(answer, () => context.warn(late));
}

/** undefined where nothing runs that could receive it. */
async function receiverOf(
  { options: { stack, data } }: Context,
  name: FunctionName,
  { endpoint }: InvokeOptions,
): Promise<Receiver | undefined> {
  if (endpoint !== undefined) {
    if (stack?.from === "--stack") {
      const [found, expected] = ["both --endpoint and --stack", "one of them"];
      throw new InvalidInputError({ where: "invoke", found, expected });
    }
    const names = [manifest[name].logicalId, name];
    return { endpoint, names, marginMs: CONTAINER_MARGIN_MS };
  }
  if (stack !== undefined) {
    const { describeDeployment } = await import("../../connect/deployment.ts");
    const { functionNames } = await describeDeployment(stack);
    return { names: [functionNames[name]], marginMs: ANSWER_MARGIN_MS };
  }
  const cloud = await findRunningCloud(data);
  if (cloud === undefined) return undefined;
  return { endpoint: cloud.invokeEndpoint, names: [name], marginMs: ANSWER_MARGIN_MS };
}

/** What a function says of an event that lacks something. */
const MISSES_EVENT = /^InvalidInputError: event\b/u;

/** As Lambda tells of errors: `{"errorType":…,"errorMessage":…,"trace":…}`; all of it with --json. */
function reasonIn(payload: string): string {
  const type = /"errorType":"(?<name>\w+)/u.exec(payload)?.groups?.["name"];
  const message = /"errorMessage":(?<text>"(?:[^"\\]|\\.)*")/u.exec(payload)?.groups?.["text"];
  return message === undefined ? payload : `${type ?? "Error"}: ${String(JSON.parse(message))}`;
}

/** As much as Lambda takes of an invocation that is waited for ("Lambda quotas", read 2026-11). */
const EVENT_BYTES_MAX = 6 * 1024 * 1024;

/** @throws InvalidInputError unless it is JSON, and no more than Lambda takes. */
async function readEvent({ io }: Context, file: string | undefined): Promise<string> {
  if (file === undefined) return "{}";
  try {
    const event = await textOf(file === "-" ? io.stdin : createReadStream(file));
    if (event !== undefined) {
      JSON.parse(event);
      return event;
    }
  } catch (cause) {
    const found = cause instanceof SyntaxError ? `no JSON (${cause.message})` : "nothing readable";
    throw new InvalidInputError({ where: file, found, expected: "an event as JSON" }, { cause });
  }
  const expected = "an event as JSON, as large as Lambda takes";
  throw new InvalidInputError({ where: file, found: "more than 6 MB", expected });
}

/** undefined where it is too large: then the rest isn't read. */
async function textOf(stream: AsyncIterable<unknown>): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of stream) {
    const piece = typeof part === "string" ? Buffer.from(part) : part;
    if (!(piece instanceof Uint8Array))
      throw new InvariantError("a stream of neither text nor bytes");
    bytes += piece.length;
    if (bytes > EVENT_BYTES_MAX) return undefined;
    parts.push(piece);
  }
  return Buffer.concat(parts).toString("utf8");
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
    // Nothing runs but what is asked for, and what that starts.
    functions: false,
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
