/** How long a bundle takes to start and to answer inside the emulator: medians of a few. */
import { INIT_TIMES_EMPTY_MAX } from "../../infra/budgets.ts";
import { startEmulator, type FunctionToRun } from "./emulator.ts";

export interface Durations {
  readonly name: string;
  readonly initMs: number;
  readonly warmMs: number;
}

const STARTS = 3;
const WARM_CALLS = 5;

export async function durationsOf(
  name: string,
  run: FunctionToRun,
  event: unknown,
): Promise<Durations> {
  const inits: number[] = [];
  const warm: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const emulator = await startEmulator(run);
    try {
      for (let call = 0; call <= WARM_CALLS; call += 1) await emulator.invoke(event);
      const { initMs, invokeMs } = await emulator.times();
      inits.push(...initMs);
      warm.push(...invokeMs.slice(1));
    } finally {
      await emulator.end();
    }
  }
  return { name, initMs: median(inits), warmMs: median(warm) };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** For people. */
export function durationsText(measured: readonly Durations[]): string {
  const emptyMs = measured[0]?.initMs ?? Number.NaN;
  const lines = measured.map(({ name, initMs, warmMs }) => {
    const times = `${(initMs / emptyMs).toFixed(1)} x`.padStart(6);
    return `${name.padEnd(14)} init ${initMs.toFixed(0).padStart(5)} ms ${times}   warm ${warmMs.toFixed(1).padStart(6)} ms`;
  });
  lines.push(
    `budget of init: ${INIT_TIMES_EMPTY_MAX} x that of the empty handler, which comes first`,
  );
  return `${lines.join("\n")}\nmedians of ${STARTS} starts and ${STARTS * WARM_CALLS} warm calls, on this machine; events with next to nothing to do\n`;
}
