/**
 * Keeps `<data>/cloud.json` true while the cloud runs, and cleans up after one that was killed.
 */
import type { EventHub } from "./events.ts";
import type { DataPaths } from "./paths.ts";
import { findProcess, isRunning, ownIdentity, signalProcess } from "./process-identity.ts";
import {
  readCloudState,
  removeCloudState,
  writeCloudState,
  type CloudState,
} from "./state-file.ts";
import type { ProcessView } from "./workers.ts";

export interface StateNeeds extends Omit<CloudState, "startedAt" | "supervisor" | "runtimes"> {
  readonly processes: () => readonly ProcessView[];
  readonly hub: EventHub;
}

export interface StateKeeper {
  write(): Promise<void>;
  remove(): Promise<void>;
}

const SETTLE_MS = 200;

export function keepCloudState(paths: DataPaths, needs: StateNeeds): StateKeeper {
  const { processes, hub, ...told } = needs;
  const startedAt = Date.now();
  const supervisor = ownIdentity();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  function write(): Promise<void> {
    const runtimes = processes().flatMap(({ pid }) => findProcess(pid) ?? []);
    const state = { ...told, startedAt, supervisor, runtimes };
    // One after the other; a write that fails is made good by the next.
    writing = writing.then(() => writeCloudState(paths.root, state)).catch(() => undefined);
    return writing;
  }

  const stopListening = hub.listen((event) => {
    if (event.kind !== "process" || (event.state !== "started" && event.state !== "ended")) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      void write();
    }, SETTLE_MS);
  });

  return {
    write,
    async remove() {
      stopListening();
      clearTimeout(timer);
      await writing;
      await removeCloudState(paths.root);
    },
  };
}

/** Function processes of a cloud that was killed together with its warden. */
export async function endSurvivors(paths: DataPaths): Promise<void> {
  const before = await readCloudState(paths.root);
  for (const runtime of before?.runtimes ?? []) {
    if (isRunning(runtime)) signalProcess(-runtime.pid, "SIGKILL");
  }
}
