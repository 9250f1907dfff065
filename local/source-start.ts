/**
 * Chooses what is captured: a folder of endpoint files, a demo of some size, or, when nothing was
 * asked for, what an earlier run registered, else the built-in endpoints.
 *
 * Registering goes on while the cloud runs already: what is registered is captured meanwhile.
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
  /** Resolves when everything is registered, or the registration was ended. */
  readonly registered: Promise<void>;
  /** No change is acted on any more; ends a registration that goes on. */
  stopRegistering(): Promise<void>;
  /** Ends the demo's server as well. */
  close(): Promise<void>;
  kill(): void;
}

interface Opened {
  watch?: FolderWatch;
  demo?: DemoServer;
}

export function startSource(
  source: Source,
  sources: TargetSources,
  emit: CloudListener,
): StartedSource {
  const opened: Opened = {};
  const ending = new AbortController();
  const registered = register({ source, sources, emit, opened, signal: ending.signal });
  // Whoever waits for it gets the rejection; until then it is not unhandled.
  registered.catch(() => undefined);

  async function stopRegistering(): Promise<void> {
    ending.abort();
    await registered.catch(() => undefined);
    await opened.watch?.close();
  }

  return {
    registered,
    stopRegistering,
    async close() {
      await stopRegistering();
      opened.demo?.stop();
    },
    kill: () => opened.demo?.stop(),
  };
}

interface Registering {
  readonly source: Source;
  readonly sources: TargetSources;
  readonly emit: CloudListener;
  readonly opened: Opened;
  readonly signal: AbortSignal;
}

async function register({ source, sources, emit, opened, signal }: Registering): Promise<void> {
  switch (source.kind) {
    case "none":
      return;
    case "endpoints":
      opened.watch = await sources.watch(source.dir, signal);
      await sources.registerDemo([], signal);
      return;
    case "demo":
      opened.demo = await startDemoServer();
      await sources.registerDemo(mixedTargets(opened.demo.origin, source.count), signal);
      return;
    case "default": {
      if (await sources.hasOwn()) {
        const text =
          "captures what was registered here before (--endpoints DIR watches the files again; --demo N adds endpoints)";
        emit({ kind: "note", level: "info", text });
        return;
      }
      opened.demo = await startDemoServer();
      await sources.registerDemo(builtInTargets(opened.demo.origin), signal);
    }
  }
}
