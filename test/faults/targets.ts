/** Targets for the worlds of faults: short periods, so that a gap is seen soon. */
import { every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { slotOf } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { httpTarget } from "#test/support/collector-chaos.ts";

const IDS_TRIED_MAX = 100_000;

/** `perSlot` targets in every slot: the first of them with the first period, and so on, round about. */
export function targetsInEachSlot(
  slotsLog2: number,
  perSlot: number,
  periodsMs: readonly number[],
  countIn: (slot: number) => number = () => perSlot,
): TargetDefinition[] {
  const count = 2 ** slotsLog2;
  const found = new Map<number, number>(Array.from({ length: count }, (_, slot) => [slot, 0]));
  const targets: TargetDefinition[] = [];
  for (let tried = 0; tried < IDS_TRIED_MAX; tried += 1) {
    const id = `t-${tried}`;
    const slot = slotOf(targetHash(id).hash32, slotsLog2);
    const known = found.get(slot) ?? 0;
    if (known >= countIn(slot)) continue;
    found.set(slot, known + 1);
    targets.push(httpTarget(id, every(periodsMs[known % periodsMs.length] ?? 1_000)));
    if ([...found].every(([each, has]) => has >= countIn(each))) return targets;
  }
  throw new Error(`no ${perSlot} ids for each of ${count} slots`);
}
