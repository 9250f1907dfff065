/**
 * What is captured in a simulated world: targets that answer after a while, or hang until their
 * time-out. Results come together where they come at one moment, while the process runs.
 */
import type { Capture } from "#domain/sample.ts";
import { durationMs, type EpochMs } from "#domain/units.ts";
import type { Probe, ProbeResult, ProbeTask } from "#ports/probe.ts";
import type { SimulatedProcess } from "./process.ts";

export interface ProbeOptions {
  readonly process: SimulatedProcess;
  /** Milliseconds until a target answers; the probe's time-out cuts it. */
  readonly latencyOf: (task: ProbeTask) => number;
  readonly onStart: (target: string, timeoutMs: number) => void;
}

export function simulatedProbe({ process, latencyOf, onStart }: ProbeOptions): Probe {
  const { clock } = process;

  async function* capture(batch: readonly ProbeTask[]): AsyncGenerator<readonly ProbeResult[]> {
    const arrived: ProbeResult[] = [];
    let wake: (() => void) | undefined;
    const startedAt = clock.now();
    const byLatency = new Map<number, ProbeResult[]>();
    batch.forEach((task, index) => {
      onStart(task.target.id, task.timeoutMs);
      const latencyMs = latencyOf(task);
      const isHanging = latencyMs >= task.timeoutMs;
      const tookMs = isHanging ? task.timeoutMs : latencyMs;
      const result = { index, capture: captureOf(startedAt, tookMs, isHanging) };
      const together = byLatency.get(tookMs);
      if (together === undefined) byLatency.set(tookMs, [result]);
      else together.push(result);
    });
    for (const [latencyMs, results] of byLatency) {
      clock.after(latencyMs, () => {
        arrived.push(...results);
        wake?.();
      });
    }
    for (let given = 0; given < batch.length;) {
      if (arrived.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const some = arrived.splice(0);
      given += some.length;
      yield some;
    }
  }

  return {
    capture,
    warm: () => Promise.resolve(),
    refresh: () => undefined,
    close: () => Promise.resolve(),
  };
}

function captureOf(startedAt: EpochMs, tookMs: number, isHanging: boolean): Capture {
  return {
    startedAt,
    durationMs: durationMs(tookMs),
    values: {},
    ...(isHanging && { failure: { code: "timeout", message: "hangs" } as const }),
  };
}
