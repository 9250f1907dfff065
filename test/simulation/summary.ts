/** What many runs come to: what was exercised, what was due and captured, how long it took. */
import { EXERCISED, type Exercised } from "./counts.ts";
import type { Told } from "./worker.ts";

export interface Summary {
  add(told: Told): void;
  /** How far it is. */
  line(of: number): string;
  lines(): readonly string[];
  /** What never took place. */
  never(): readonly Exercised[];
}

/** What the nightly run plays, and two at once. */
const NIGHTLY = 5_000;
const AT_ONCE = 2;

export function summary(minutes: number): Summary {
  const began = performance.now();
  const counts = new Map<Exercised, number>(EXERCISED.map((name) => [name, 0]));
  const cpu: number[] = [];
  const sums = {
    events: 0,
    captures: 0,
    due: 0,
    captured: 0,
    missed: 0,
    simulatedMs: 0,
    broken: 0,
  };
  const seconds = (): number => (performance.now() - began) / 1_000;
  const never = (): readonly Exercised[] => EXERCISED.filter((name) => counts.get(name) === 0);
  return {
    add({ played, cpuMs }) {
      cpu.push(cpuMs);
      for (const name of EXERCISED)
        counts.set(name, (counts.get(name) ?? 0) + (played.counts?.[name] ?? 0));
      sums.events += played.events;
      sums.captures += played.captures;
      sums.due += played.due;
      sums.captured += played.captured;
      sums.missed += played.missed;
      sums.simulatedMs += played.simulatedMs;
      if (played.violations.length > 0) sums.broken += 1;
    },
    line: (of) =>
      `${cpu.length} of ${of} seeds, ${sums.broken} broken, ${sums.due} captures due, ${round(seconds())} s`,
    lines() {
      const sorted = cpu.toSorted((a, b) => a - b);
      const meanMs = cpu.reduce((sum, ms) => sum + ms, 0) / Math.max(1, cpu.length);
      const hours = (meanMs * NIGHTLY) / AT_ONCE / 3_600_000;
      const exercised = EXERCISED.map((name) => `${name} ${counts.get(name) ?? 0}`).join(", ");
      const silent = never();
      return [
        `exercised: ${exercised}`,
        ...(silent.length > 0 ? [`NEVER exercised: ${silent.join(", ")}`] : []),
        `captures: ${sums.captures} started; ${sums.due} due and committed = ${sums.captured} captured + ${sums.missed} missed`,
        `${cpu.length} seeds of ${minutes} simulated minutes, ${sums.broken} broken; ${round(sums.simulatedMs / 3_600_000)} simulated hours, ${sums.events} events, ${round(seconds())} s`,
        `processor time a seed: median ${round((sorted[sorted.length >> 1] ?? 0) / 1_000)} s, mean ${round(meanMs / 1_000)} s, longest ${round((sorted.at(-1) ?? 0) / 1_000)} s; ${NIGHTLY} seeds in two processes would take ${round(hours)} h`,
      ];
    },
    never,
  };
}

function round(value: number): string {
  return value.toFixed(value < 10 ? 2 : 0);
}
