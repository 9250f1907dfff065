/** Starts the captured side, reads its log back, and holds it against what was due. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cadence } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { instantIn, nextRound } from "#domain/instant.ts";
import { offsetInSlot, slotOf } from "#domain/slot.ts";
import { epochMs } from "#domain/units.ts";

export interface TargetServer {
  readonly origin: string;
  count(): Promise<number>;
  /** Moments of arrival by target index, ascending. */
  arrivals(folder: string): Promise<Map<number, number[]>>;
  stop(): void;
}

export async function startTargetServer(): Promise<TargetServer> {
  const child = fork(fileURLToPath(new URL("target-server.ts", import.meta.url)), [], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return {
    origin: `http://127.0.0.1:${port}`,
    count: async () => {
      child.send({ kind: "count" });
      const [message] = (await once(child, "message")) as [{ count: number }];
      return message.count;
    },
    arrivals: async (folder) => {
      const file = join(folder, "arrivals.bin");
      child.send({ kind: "dump", file });
      const [{ count }] = (await once(child, "message")) as [{ count: number }];
      return readArrivals(file, count);
    },
    stop: () => {
      child.disconnect();
    },
  };
}

function readArrivals(file: string, count: number): Map<number, number[]> {
  const bytes = readFileSync(file);
  const byIndex = new Map<number, number[]>();
  for (let at = 0; at < count; at += 1) {
    const index = bytes.readUInt32LE(count * 8 + at * 4);
    const list = byIndex.get(index);
    const moment = bytes.readDoubleLE(at * 8);
    if (list === undefined) byIndex.set(index, [moment]);
    else list.push(moment);
  }
  return byIndex;
}

/** A target's instants in (from, to], by the formula alone. */
export function dueInstants(
  id: string,
  cadence: Cadence,
  slotsLog2: number,
  from: number,
  to: number,
): number[] {
  const { hash32 } = targetHash(id);
  const slot = slotOf(hash32, slotsLog2);
  const offset = offsetInSlot(hash32, slotsLog2);
  const found: number[] = [];
  let round = nextRound(
    cadence,
    slot,
    slotsLog2,
    epochMs(from - 2 * 86_400_000 > 0 ? from - 60_000 : 0),
  );
  while (round !== undefined && round.at <= to) {
    const instant = instantIn(round, cadence, slot, slotsLog2, offset);
    if (instant > from && instant <= to) found.push(instant);
    round = nextRound(cadence, slot, slotsLog2, round.at);
  }
  return found;
}

export interface Verdict {
  readonly due: number;
  readonly missing: number;
  readonly duplicates: number;
  /** Start lateness of each due capture that arrived, ascending. */
  readonly lateness: Float64Array;
  /** The latest capture of each second of the measured time. */
  readonly worstBySecond: readonly number[];
  /** Peak over mean of arrivals, and of the instants themselves, per 100 ms. */
  readonly peakArrivals: number;
  readonly peakInstants: number;
}

export interface Expected {
  readonly index: number;
  readonly id: string;
  readonly cadence: Cadence;
}

/** Each due instant in (from, to] matched with the arrivals in [instant - 20 ms, next instant - 20 ms). */
export function verdict(
  expected: readonly Expected[],
  arrivals: ReadonlyMap<number, readonly number[]>,
  slotsLog2: number,
  from: number,
  to: number,
): Verdict {
  const lateness: number[] = [];
  const worstBySecond: number[] = Array.from({ length: Math.ceil((to - from) / 1_000) }, () => 0);
  const instantsAt = new Map<number, number>();
  const arrivalsAt = new Map<number, number>();
  let due = 0;
  let missing = 0;
  let duplicates = 0;
  for (const { index, id, cadence } of expected) {
    const seen = arrivals.get(index) ?? [];
    const period = cadence.kind === "every" ? cadence.periodMs : 60_000;
    for (const instant of dueInstants(id, cadence, slotsLog2, from, to)) {
      due += 1;
      tally(instantsAt, instant - from);
      const mine = seen.filter((at) => at >= instant - 20 && at < instant + period - 20);
      const [first] = mine;
      if (first === undefined) {
        missing += 1;
        continue;
      }
      duplicates += mine.length - 1;
      lateness.push(first - instant);
      const second = Math.min(worstBySecond.length - 1, Math.floor((instant - from) / 1_000));
      worstBySecond[second] = Math.max(worstBySecond[second] ?? 0, first - instant);
      tally(arrivalsAt, first - from);
    }
  }
  return {
    due,
    missing,
    duplicates,
    lateness: Float64Array.from(lateness).sort(),
    worstBySecond,
    peakArrivals: peakOverMean(arrivalsAt, to - from),
    peakInstants: peakOverMean(instantsAt, to - from),
  };
}

function tally(bins: Map<number, number>, at: number): void {
  const bin = Math.floor(at / 100);
  bins.set(bin, (bins.get(bin) ?? 0) + 1);
}

function peakOverMean(bins: ReadonlyMap<number, number>, spanMs: number): number {
  let total = 0;
  let peak = 0;
  for (const count of bins.values()) {
    total += count;
    peak = Math.max(peak, count);
  }
  return peak / (total / (spanMs / 100));
}

export function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
