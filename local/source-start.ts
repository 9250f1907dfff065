/**
 * Chooses what is captured: a folder of endpoint files, a demo of some size, or, when nothing was
 * asked for, what an earlier run registered, else the built-in endpoints.
 */
import type { FolderWatch } from "#adapters/endpoint-files/watch.ts";
import { builtInTargets, mixedTargets } from "./demo/behaviours.ts";
import { startDemoServer, type DemoServer } from "./demo/start.ts";
import type { CloudListener } from "./events.ts";
import type { TargetSources } from "./sources.ts";

export type Source =
  | { readonly kind: "default" }
  | { readonly kind: "endpoints"; readonly dir: string }
  | { readonly kind: "demo"; readonly count: number }
  /** Only what is registered by other means. */
  | { readonly kind: "none" };

export interface StartedSource {
  /** No change of files is acted on any more. */
  stopWatching(): Promise<void>;
  close(): Promise<void>;
  kill(): void;
}

export async function startSource(
  source: Source,
  sources: TargetSources,
  emit: CloudListener,
): Promise<StartedSource> {
  switch (source.kind) {
    case "none":
      return started({});
    case "endpoints":
      await sources.registerDemo([]);
      return started({ watch: await sources.watch(source.dir) });
    case "demo":
      return await startDemo(sources, (origin) => mixedTargets(origin, source.count));
    case "default": {
      if (!(await sources.hasOwn())) return await startDemo(sources, builtInTargets);
      const text =
        "captures what was registered here before (--endpoints DIR watches the files again; --demo N adds endpoints)";
      emit({ kind: "note", level: "info", text });
      return started({});
    }
  }
}

async function startDemo(
  sources: TargetSources,
  targetsAt: (origin: string) => Parameters<TargetSources["registerDemo"]>[0],
): Promise<StartedSource> {
  const demo = await startDemoServer();
  try {
    await sources.registerDemo(targetsAt(demo.origin));
    return started({ demo });
  } catch (error) {
    demo.stop();
    throw error;
  }
}

function started({ watch, demo }: { watch?: FolderWatch; demo?: DemoServer }): StartedSource {
  return {
    stopWatching: async () => watch?.close(),
    async close() {
      demo?.stop();
      await watch?.close();
    },
    kill: () => demo?.stop(),
  };
}
