/**
 * Starts a local system, shows it, and stops it in order.
 *
 * Ctrl-C once: what is open gets some seconds, everything is released, nothing is left running.
 * Twice: everything ends at once; what was committed stays.
 */
import { readdir } from "node:fs/promises";
import { InvalidInputError } from "#domain/errors.ts";
import { startLocalCloud, type LocalCloud } from "#local/cloud.ts";
import type { EngineListen } from "#local/engine-listen.ts";
import type { CloudEvent } from "#local/events.ts";
import type { Source } from "#local/source-start.ts";
import type { Policies } from "#domain/policy.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { linesReporter, type Reporter } from "./lines.ts";
import { liveReporter } from "./live.ts";

export interface UpSettings {
  readonly data: string;
  readonly pool: string;
  readonly source: Source;
  readonly slotsLog2?: number;
  readonly collectors?: number;
  readonly leaseTtlMs?: number;
  readonly duplicateDeliveries: number;
  readonly policies: Policies;
  readonly storeListen?: EngineListen;
  readonly functions: boolean;
  readonly view: boolean;
}

/** Exit status of a process that two Ctrl-C have ended, by custom. */
const INTERRUPTED_STATUS = 130;

export async function up(context: Context, settings: UpSettings): Promise<ExitCode> {
  const { io } = context;
  const { source } = settings;
  if (source.kind === "endpoints") await assertFolder(source.dir);
  const signals = listenForSignals();
  const isLive = settings.view && io.stdout.isTerminal && !context.options.json;
  const reporter = (isLive ? liveReporter : linesReporter)(context, settings);
  const exit: { code: ExitCode } = { code: exitCodes.ok };
  const onEvent = (event: CloudEvent): void => {
    if (event.kind === "engine" && event.state === "failed") {
      exit.code = exitCodes.unreachable;
      signals.stop();
    }
    reporter.event(event);
  };
  try {
    const { view: _view, ...options } = settings;
    const cloud = await startLocalCloud({
      ...options,
      environment: io.environment,
      listener: onEvent,
    });
    signals.onSecond(() => {
      cloud.kill();
      reporter.close();
      process.exit(INTERRUPTED_STATUS);
    });
    await runUntilStopped(cloud, reporter, signals.first);
    return exit.code;
  } finally {
    reporter.close();
    signals.close();
  }
}

/** Before anything starts: what was registered earlier isn't captured because of a misspelt folder. */
async function assertFolder(dir: string): Promise<void> {
  try {
    await readdir(dir);
  } catch (cause) {
    const isFile = cause instanceof Error && "code" in cause && cause.code === "ENOTDIR";
    const found = isFile ? "a file" : "nothing readable";
    const expected = "a folder of .yml files";
    throw new InvalidInputError({ where: dir, found, expected }, { cause });
  }
}

async function runUntilStopped(
  cloud: LocalCloud,
  reporter: Reporter,
  stopped: Promise<void>,
): Promise<void> {
  await reporter.start(cloud);
  try {
    await Promise.race([stopped, cloud.registered.then(() => stopped)]);
  } catch (error) {
    // Nothing is captured of what was asked for: better an end that says why.
    await reporter.stopping();
    await cloud.stop();
    throw error;
  }
  await reporter.stopping();
  reporter.stopped(await cloud.stop());
}

interface Signals {
  readonly first: Promise<void>;
  onSecond(act: () => void): void;
  /** As the first signal does. */
  stop(): void;
  close(): void;
}

function listenForSignals(): Signals {
  const first = Promise.withResolvers<undefined>();
  let count = 0;
  let second = (): void => process.exit(INTERRUPTED_STATUS);
  const listener = (): void => {
    count += 1;
    if (count === 1) first.resolve(undefined);
    else second();
  };
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) process.on(name, listener);
  return {
    first: first.promise,
    onSecond(act) {
      second = act;
    },
    stop: () => first.resolve(undefined),
    close() {
      for (const name of names) process.off(name, listener);
    },
  };
}
