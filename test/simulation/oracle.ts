/**
 * What the owners of targets know of a simulated world: what was acknowledged, and what is due.
 *
 * Holds: it is told of the world, it never tells it anything.
 */
import { dueInstants, type DueInstant } from "#domain/audit.ts";
import { cadenceKey, type Cadence, type CadenceKey } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { offsetInSlot, slotOf, type Slot } from "#domain/slot.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";

/** A target while it had one cadence, as its owner knows it. */
export interface Known {
  readonly id: string;
  readonly cadence: Cadence;
  readonly key: CadenceKey;
  readonly slot: Slot;
  readonly offset: number;
  readonly acknowledgedAt: EpochMs;
  /** From here on every instant is to be captured or told as missed. */
  readonly dueFrom: EpochMs;
  /** When its removal, or its next change, began. */
  endsAt: EpochMs;
}

/** Captures that were asked for by hand, and acknowledged. */
export interface Asked {
  readonly ids: readonly string[];
  readonly askedAt: EpochMs;
  readonly acknowledgedAt: EpochMs;
}

/** So far beyond what is asked for instants are worked out: a run asks at every commit. */
const AHEAD_MS = 1_800_000;

interface WorkedOut {
  readonly until: number;
  readonly all: readonly DueInstant[];
}

const workedOut = new WeakMap<Known, WorkedOut>();

/** Instants in [from, to), ascending, of those from `dueFrom` on. */
export function dueOf(
  known: Known,
  slotsLog2: number,
  from: number,
  to: number,
): readonly DueInstant[] {
  let due = workedOut.get(known);
  if (due === undefined || due.until < to) {
    const until = epochMs(to + AHEAD_MS);
    due = { until, all: dueInstants(known, slotsLog2, known.dueFrom, until) };
    workedOut.set(known, due);
  }
  return due.all.slice(firstFrom(due.all, from), firstFrom(due.all, to));
}

/** Index of the first instant that isn't before `moment`. */
function firstFrom(all: readonly DueInstant[], moment: number): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle]?.instant ?? moment) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const FOREVER = epochMs(Number.MAX_SAFE_INTEGER);

export interface Oracle {
  acknowledge(
    id: string,
    cadence: Cadence,
    at: { readonly acknowledgedAt: EpochMs; readonly dueFrom: EpochMs },
  ): void;
  /** A removal or a change of it begins. */
  end(id: string, at: EpochMs): void;
  ask(asked: Asked): void;
  /** Those that have not ended. */
  current(): readonly Known[];
  find(id: string): Known | undefined;
  inSchedule(slot: Slot, key: CadenceKey): readonly Known[];
  readonly known: readonly Known[];
  readonly asked: readonly Asked[];
}

export function oracle(slotsLog2: number): Oracle {
  const known: Known[] = [];
  const asked: Asked[] = [];
  const current = new Map<string, Known>();
  const byPlace = new Map<string, Known[]>();
  return {
    acknowledge(id, cadence, { acknowledgedAt, dueFrom }) {
      const { hash32 } = targetHash(id);
      const slot = slotOf(hash32, slotsLog2);
      const offset = offsetInSlot(hash32, slotsLog2);
      const key = cadenceKey(cadence);
      const one: Known = {
        id, cadence, key, slot, offset, acknowledgedAt, dueFrom, endsAt: FOREVER,
      }; // prettier-ignore
      known.push(one);
      current.set(id, one);
      const place = `${slot} ${key}`;
      const there = byPlace.get(place);
      if (there === undefined) byPlace.set(place, [one]);
      else there.push(one);
    },
    end(id, at) {
      const one = current.get(id);
      if (one === undefined) return;
      one.endsAt = at;
      current.delete(id);
    },
    ask(one) {
      asked.push(one);
    },
    current: () => [...current.values()],
    find: (id) => current.get(id),
    inSchedule: (slot, key) => byPlace.get(`${slot} ${key}`) ?? [],
    known,
    asked,
  };
}
