/** A local invoker on functions that a test controls, in a folder that goes with the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { durationMs } from "#domain/units.ts";
import type { FunctionManifest, FunctionName } from "#functions/manifest.ts";
import { eventHub, type CloudEvent } from "#local/events.ts";
import { localInvoker, type InvokerOptions, type LocalInvoker } from "#local/invoker.ts";
import { logFiles } from "#local/log-files.ts";
import { startWarden, type Warden } from "#local/warden.ts";

const FIXTURES = "test/local/fixtures";

function described<Name extends FunctionName>(
  name: Name,
  changes: Partial<FunctionManifest> = {},
): FunctionManifest & { readonly name: Name } {
  return {
    folder: FIXTURES,
    memoryMb: 256,
    nodeOptions: [],
    timeoutMs: durationMs(20_000),
    logicalId: name,
    asyncRetriesMax: 0,
    asyncMaxAgeMs: durationMs(60_000),
    environment: [],
    optional: [],
    ...changes,
    name,
  };
}

export type TestManifest = Readonly<Record<FunctionName, FunctionManifest>>;

/** All functions are the fixture; what is given for one replaces its numbers. */
export function testManifest(
  changes: Partial<Record<FunctionName, Partial<FunctionManifest>>> = {},
): TestManifest {
  return {
    rebalance: described("rebalance", changes.rebalance),
    collect: described("collect", { asyncRetriesMax: 2, ...changes.collect }),
    "health-check": described("health-check", changes["health-check"]),
  };
}

export interface TestInvoker {
  readonly invoker: LocalInvoker;
  readonly warden: Warden;
  readonly folder: string;
  readonly events: readonly CloudEvent[];
  /** Resolves with the next event that fits, those of the past included. */
  waitFor(isWanted: (event: CloudEvent) => boolean): Promise<CloudEvent>;
  close(): Promise<void>;
}

export function testInvoker(options: Partial<InvokerOptions> = {}): TestInvoker {
  const folder = temporaryFolder();
  const hub = eventHub();
  const events: CloudEvent[] = [];
  hub.listen((event) => events.push(event));
  const warden = startWarden();
  const invoker = localInvoker({
    manifest: testManifest(),
    environment: () => ({
      NODE_COMPILE_CACHE: join(folder, "compile-cache"),
      PATH: "/usr/bin:/bin",
    }),
    logs: logFiles(join(folder, "logs")),
    warden,
    emit: hub.emit,
    duplicateDeliveries: 0,
    retryBackoffMs: [10, 20],
    ...options,
  });
  return {
    invoker,
    warden,
    folder,
    events,
    waitFor(isWanted) {
      const past = events.find(isWanted);
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((resolve) => {
        const stop = hub.listen((event) => {
          if (!isWanted(event)) return;
          stop();
          resolve(event);
        });
      });
    },
    async close() {
      invoker.killAll();
      await invoker.drain(0);
      warden.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "lamplighter-test-"));
}
