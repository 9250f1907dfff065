/**
 * Evens out what active leases carry, moving little.
 *
 * The most loaded gives to the least loaded until one of the two is at the mean: each handing
 * settles one lease, so there are fewer handings than leases, and no slot makes a detour.
 *
 * Holds: every handing makes the sum of squares smaller, so repeated runs come to an end; a lease
 *        whose slots are all too heavy to help keeps them, and a note says so.
 */
import { pick, pickLightest, type Picked } from "./pick.ts";
import { describeRuns, type Seat } from "./seat.ts";
import { hand, hasRoom, type Sheet } from "./sheet.ts";

/** Moving less than this share of the mean isn't worth a change of hands. */
const WORTH = 0.02;
/** A single slot must close at least a tenth of the gap. */
const GAP_SHARE_MAX = 0.9;

export function balance(sheet: Sheet, active: readonly Seat[], mean: number): void {
  const { unevenAbove, evenWithin } = sheet.state.limits;
  const heavyAbove = (share: number) => (seat: Seat) => seat.weight > mean * (1 + share);
  const lightBelow = (share: number) => (seat: Seat) => seat.weight < mean * (1 - share);
  if (!active.some(heavyAbove(unevenAbove)) && !active.some(lightBelow(unevenAbove))) return;
  const stuck = new Set<Seat>();
  while (hasRoom(sheet)) {
    const heaviest = most(active.filter((seat) => !stuck.has(seat)));
    const lightest = least(active);
    if (heaviest === undefined || lightest === undefined || heaviest.weight <= mean) return;
    if (!heavyAbove(evenWithin)(heaviest) && !lightBelow(evenWithin)(lightest)) return;
    const picked = worthwhile(sheet, { from: heaviest, to: lightest, mean });
    if (picked === undefined) {
      stuck.add(heaviest);
      if (heavyAbove(unevenAbove)(heaviest)) sheet.notes.push(explainStuck(heaviest, mean));
      continue;
    }
    const why = explain(sheet, { from: heaviest, to: lightest, mean, picked });
    hand(sheet, { from: heaviest, to: lightest, runs: picked.runs, left: picked.left, why });
  }
}

interface Pair {
  readonly from: Seat;
  readonly to: Seat;
  readonly mean: number;
}

function worthwhile(sheet: Sheet, { from, to, mean }: Pair): Picked | undefined {
  const { weights, state } = sheet;
  const want = Math.min(from.weight - mean, mean - to.weight);
  const piecesMax = state.limits.rangesPerMoveMax;
  const picked = pick({ from, to, want, piecesMax, weights });
  if (picked.weight >= mean * WORTH) return picked;
  const single = pickLightest(from, weights);
  if (single === undefined || single.weight < mean * WORTH) return undefined;
  return single.weight < (from.weight - to.weight) * GAP_SHARE_MAX ? single : undefined;
}

export function most(seats: readonly Seat[]): Seat | undefined {
  return seats.reduce<Seat | undefined>(
    (best, seat) => (best === undefined || seat.weight > best.weight ? seat : best),
    undefined,
  );
}

export function least(seats: readonly Seat[]): Seat | undefined {
  return seats.reduce<Seat | undefined>(
    (best, seat) => (best === undefined || seat.weight < best.weight ? seat : best),
    undefined,
  );
}

function explain(
  sheet: Sheet,
  { from, to, mean, picked }: Pair & { readonly picked: Picked },
): string {
  const times = (from.weight / mean).toFixed(2);
  return `${from.id} carries ${amount(sheet, from.weight)}, ${times} × the mean: ${describeRuns(picked.runs)} (${amount(sheet, picked.weight)}) go to ${to.id}`;
}

function explainStuck(seat: Seat, mean: number): string {
  return `${seat.id} carries ${(seat.weight / mean).toFixed(2)} × the mean and keeps it: none of its slots would even it out elsewhere`;
}

/** `412/s`, or in slots while nothing is measured. */
export function amount({ weights }: Sheet, weight: number): string {
  if (!weights.measured) return Math.round(weight) === 1 ? "1 slot" : `${Math.round(weight)} slots`;
  return weight >= 10 ? `${Math.round(weight)}/s` : `${weight.toPrecision(2)}/s`;
}
