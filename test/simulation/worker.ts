/**
 * Plays seeds for whoever started it, one after the other, in a process of its own.
 *
 * In:    messages `Order`                                 Out: messages `Told`
 */
import { playSeed, type Played } from "./play.ts";
import { timeOf } from "./trace.ts";

export interface Order {
  readonly seed: number;
  readonly minutes: number;
}

export interface Told {
  readonly played: Played;
  readonly cpuMs: number;
  /** What happened around the first violation. */
  readonly timeline: readonly string[];
}

const LINES_MAX = 80;
const BEFORE_MS = 30_000;
const AFTER_MS = 5_000;

/** A promise that nobody waits for and that fails is our bug, whatever seed it belongs to. */
let lost: unknown;

/** What a run that can't go on says: the world is broken, or something of the simulation is. */
function failed({ seed }: Order, error: unknown): Played {
  const what = `the run ended with ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  return {
    seed, hash: "", entries: 0, events: 0, violations: [{ at: 0, what }], timeline: [], counts: undefined,
    captures: 0, due: 0, captured: 0, missed: 0, simulatedMs: 0,
  }; // prettier-ignore
}

export async function playOrder(order: Order): Promise<Told> {
  const before = process.cpuUsage();
  lost = undefined;
  let played: Played;
  try {
    played = await playSeed(order.seed, order.minutes);
  } catch (error) {
    played = failed(order, error);
  }
  if (lost !== undefined) played = failed(order, lost);
  const { user, system } = process.cpuUsage(before);
  const [first] = played.violations;
  const timeline = first === undefined ? [] : await around(order, first.at, played);
  return { played, cpuMs: (user + system) / 1_000, timeline };
}

/** The same run again: nothing is kept of those that hold. */
async function around(
  { seed, minutes }: Order,
  at: number,
  played: Played,
): Promise<readonly string[]> {
  if (played.timeline.length === 0) return [];
  const [from, to] = [timeOf(Math.max(0, at - BEFORE_MS)), timeOf(at + AFTER_MS)];
  const lines: string[] = [];
  await playSeed(seed, minutes, {
    onLine: (line) => {
      if (line < from || line > to) return;
      lines.push(line);
      if (lines.length > LINES_MAX && line <= timeOf(at)) lines.shift();
    },
  });
  return lines.slice(0, 2 * LINES_MAX);
}

if (process.send !== undefined) {
  process.on("unhandledRejection", (error) => {
    lost ??= error;
  });
  process.on("message", (order: Order) => {
    void playOrder(order).then((told) => process.send?.(told));
  });
}
