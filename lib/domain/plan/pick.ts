/**
 * Which slots of one lease go to another: about as much as is wanted, in few pieces.
 *
 * Pieces that join what the taker has come first, then the giver's smallest: its crumbs go whole.
 *
 * Holds: what is picked weighs at most `want`; what is left is the rest, in order.
 */
import type { Run, Seat } from "./seat.ts";
import type { Weights } from "./weights.ts";

export interface Picked {
  readonly runs: readonly Run[];
  readonly weight: number;
  readonly left: readonly Run[];
}

// Sums of floating point weights that should be equal differ in the last digits.
const TOLERANCE = 1 + 1e-9;
/** Close enough not to break up another piece. */
const ENOUGH = 0.9;

export interface PickRequest {
  readonly from: Seat;
  readonly to: Seat;
  readonly want: number;
  readonly piecesMax: number;
  readonly weights: Weights;
}

export function pick({ from, to, want, piecesMax, weights }: PickRequest): Picked {
  const order = from.runs
    .map((run) => ({ run, joins: to.bounds.has(run.from) || to.bounds.has(run.to) }))
    .toSorted(
      (a, b) =>
        Number(b.joins) - Number(a.joins) ||
        length(a.run) - length(b.run) ||
        a.run.from - b.run.from,
    );
  const runs: Run[] = [];
  const left: Run[] = [];
  let weight = 0;
  for (const { run } of order) {
    if (runs.length >= piecesMax || weight >= want * ENOUGH) {
      left.push(run);
      continue;
    }
    const fromLeft = to.bounds.has(run.from) && !to.bounds.has(run.to);
    const piece = edge(run, fromLeft, { room: want * TOLERANCE - weight, weights });
    if (piece === undefined) {
      left.push(run);
      continue;
    }
    runs.push(piece);
    weight += between(piece, weights);
    if (length(piece) < length(run)) left.push(without(run, piece));
  }
  return { runs: inOrder(runs), weight, left: inOrder(left) };
}

/** The lightest single slot: what is left to try when nothing fits. */
export function pickLightest(from: Seat, weights: Weights): Picked | undefined {
  let lightest: Run | undefined;
  let least = Infinity;
  for (const run of from.runs) {
    for (let slot = run.from; slot < run.to; slot += 1) {
      const weight = between({ from: slot, to: slot + 1 }, weights);
      if (weight < least) {
        least = weight;
        lightest = { from: slot, to: slot + 1 };
      }
    }
  }
  if (lightest === undefined) return undefined;
  const slot = lightest;
  const left = from.runs.flatMap((run) =>
    slot.from < run.from || slot.to > run.to
      ? [run]
      : [
          { from: run.from, to: slot.from },
          { from: slot.to, to: run.to },
        ].filter((piece) => length(piece) > 0),
  );
  return { runs: [slot], weight: least, left };
}

/** The longest piece at one end of the run that weighs at most `room`. */
function edge(
  run: Run,
  fromLeft: boolean,
  { room, weights }: { room: number; weights: Weights },
): Run | undefined {
  if (between(run, weights) <= room) return run;
  let count = 0;
  for (const all = length(run); count < all; count += 1) {
    if (between(cut(run, fromLeft, count + 1), weights) > room) break;
  }
  return count === 0 ? undefined : cut(run, fromLeft, count);
}

function cut(run: Run, fromLeft: boolean, count: number): Run {
  return fromLeft ? { from: run.from, to: run.from + count } : { from: run.to - count, to: run.to };
}

function without(run: Run, piece: Run): Run {
  return piece.from === run.from
    ? { from: piece.to, to: run.to }
    : { from: run.from, to: piece.from };
}

function between({ from, to }: Run, { sums }: Weights): number {
  return (sums[to] ?? 0) - (sums[from] ?? 0);
}

function length(run: Run): number {
  return run.to - run.from;
}

function inOrder(runs: readonly Run[]): Run[] {
  return runs.toSorted((a, b) => a.from - b.from);
}
