/** Ids of targets, grouped by the slot that they lie in. */
import { targetHash } from "#domain/hash.ts";
import { slotOf, type Slot } from "#domain/slot.ts";

export interface PlacedId {
  readonly id: string;
  readonly resultKey: number;
}

/** @throws InvalidInputError for an id that can't be a target's name. */
export function placeIds(
  ids: Iterable<string>,
  slotsLog2: number,
): ReadonlyMap<Slot, readonly PlacedId[]> {
  const bySlot = new Map<Slot, PlacedId[]>();
  for (const id of new Set(ids)) {
    const { hash32, resultKey } = targetHash(id);
    const slot = slotOf(hash32, slotsLog2);
    const placed = bySlot.get(slot) ?? [];
    placed.push({ id, resultKey });
    bySlot.set(slot, placed);
  }
  return bySlot;
}
