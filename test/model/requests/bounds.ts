/** The fixed points of the world of requests: its clock, its targets, how leases run. */
import { cadenceKey, every, type Cadence } from "#domain/cadence.ts";
import { fingerprint } from "#domain/fingerprint.ts";
import { targetHash } from "#domain/hash.ts";
import { instantShift, nextRound } from "#domain/instant.ts";
import { offsetInSlot, slotOf } from "#domain/slot.ts";
import type { Target, TargetDefinition } from "#domain/target.ts";
import { after, epochMs, type EpochMs } from "#domain/units.ts";
import type { Wanted } from "#usecases/register-targets/batch.ts";

export const POOL = "p";
export const SLOTS_LOG2 = 1;
export const SLOT = slotOf(0, SLOTS_LOG2);
export const TICK_MS = 1_000;
export const T0 = epochMs(Date.UTC(2026, 10, 21, 12));
export const TTL_MS = 2 * TICK_MS;
export const SKEW_MS = 0;

/** Rounds of four seconds, whose instants lie in the first two; and of three. */
export const USUAL = every(4_000);
export const OTHER = every(3_000);

export function seconds(moment: number): string {
  return `+${(moment - T0) / 1_000} s`;
}

/** Ids whose instants lie at about these parts of the window. */
export const [EARLY, MIDDLE, LATE] = idsAt([0.2, 0.6, 0.9]);

function idsAt(parts: readonly [number, number, number]): readonly [string, string, string] {
  const [a, b, c] = parts.map((part) => {
    for (let n = 0; n < 10_000; n += 1) {
      const id = `t${n}`;
      const { hash32 } = targetHash(id);
      const place = offsetInSlot(hash32, SLOTS_LOG2) / 2 ** (32 - SLOTS_LOG2);
      if (slotOf(hash32, SLOTS_LOG2) === SLOT && Math.abs(place - part) < 0.01) return id;
    }
    throw new RangeError(`no id at ${part} of the window`);
  });
  if (a === undefined || b === undefined || c === undefined)
    throw new RangeError("three are needed");
  return [a, b, c];
}

export function definition(id: string, cadence: Cadence): TargetDefinition {
  return { id, probe: { kind: "noop" }, cadence, tags: {} };
}

export function registeredTarget(id: string, cadence: Cadence, registeredAt: EpochMs): Target {
  const defined = definition(id, cadence);
  return { ...defined, pool: POOL, revision: fingerprint(defined, POOL), registeredAt };
}

export function wantedOf(defined: TargetDefinition): Wanted {
  const { resultKey } = targetHash(defined.id);
  return { definition: defined, revision: fingerprint(defined, POOL), resultKey, bytes: 100 };
}

export function resultKeyOf(id: string): number {
  return targetHash(id).resultKey;
}

/** How one due capture is named in what is kept: `t1 every:4000 +2000`. */
export function dueName(id: string, cadence: string, at: number): string {
  return `${id} ${cadence} +${at - T0}`;
}

export interface Due {
  readonly instant: EpochMs;
  readonly offset: number;
  readonly round: EpochMs;
}

/** How far ahead instants are made: beyond what any run reaches. */
const ROUNDS_MAX = 40;
const made = new Map<string, readonly Due[]>();

/** All instants of a target from the beginning on, whenever it was registered. */
export function instantsOf(id: string, cadence: Cadence): readonly Due[] {
  const name = `${id} ${cadenceKey(cadence)}`;
  const known = made.get(name);
  if (known !== undefined) return known;
  const offset = offsetInSlot(targetHash(id).hash32, SLOTS_LOG2);
  const shift = instantShift(cadence, SLOT, SLOTS_LOG2, offset);
  const all: Due[] = [];
  let from = after(T0, -1);
  for (let n = 0; n < ROUNDS_MAX; n += 1) {
    const round = nextRound(cadence, SLOT, SLOTS_LOG2, from);
    if (round === undefined) break;
    all.push({ instant: after(round.at, shift), offset, round: round.at });
    from = round.at;
  }
  made.set(name, all);
  return all;
}
