/** Starts measured collectors and asks them for their usage. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { manifest } from "#functions/manifest.ts";
import type { CollectorOrder, Usage } from "./collector-child.ts";

export interface MeasuredCollector {
  readonly child: ChildProcess;
  usage(): Promise<Usage>;
  /** Asks for an orderly end; answers its last usage, with the report. */
  stop(): Promise<Usage>;
  readonly ended: Promise<Usage>;
}

const CHILD = fileURLToPath(new URL("collector-child.ts", import.meta.url));

export function startCollector(
  order: CollectorOrder,
  nodeOptions: readonly string[] = [],
): MeasuredCollector {
  const child = fork(CHILD, [JSON.stringify(order)], {
    execArgv: [...manifest.collect.nodeOptions, ...nodeOptions],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ended = new Promise<Usage>((resolve, reject) => {
    child.on("message", (message: Usage) => {
      if (message.kind === "ended") resolve(message);
    });
    child.once("exit", (code, signal) => {
      reject(
        new Error(
          `the collector ended without a report (code ${String(code)}, signal ${String(signal)})`,
        ),
      );
    });
  });
  ended.catch(() => undefined);
  return {
    child,
    ended,
    usage: async () => {
      child.send("usage");
      for (;;) {
        const [message] = (await once(child, "message")) as [Usage];
        if (message.kind === "usage") return message;
      }
    },
    stop: async () => {
      child.send("stop");
      return ended;
    },
  };
}
