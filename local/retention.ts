/** Removes old samples every minute, as a bucket's lifecycle rule does where it is deployed. */
import { filesystemSampleRetention } from "#adapters/filesystem/sample-retention.ts";
import type { Clock } from "#ports/clock.ts";
import type { CloudListener } from "./events.ts";
import { localLimits } from "./local-limits.ts";

export interface RetentionOptions {
  /** Folder of the samples. */
  readonly root: string;
  readonly clock: Clock;
  readonly emit: CloudListener;
}

export function keepRetention({ root, clock, emit }: RetentionOptions): { stop(): Promise<void> } {
  const retention = filesystemSampleRetention({ root });
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    try {
      // What is left over is removed in the next minute.
      const { removedChunks, removedBytes } = await retention.retain({ now: clock.now() });
      if (removedChunks === 0) return;
      const text = `${removedChunks} old chunks of samples removed (${removedBytes} bytes)`;
      emit({ kind: "note", level: "info", text });
    } catch (error) {
      emit({ kind: "note", level: "warn", text: `old samples stay: ${String(error)}` });
    }
  }

  const timer = setInterval(() => {
    running ??= run().finally(() => {
      running = undefined;
    });
  }, localLimits.retentionEveryMs);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
