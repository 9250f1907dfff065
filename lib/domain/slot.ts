/**
 * Slots: the S = 2^k equal pieces of the hash space, the unit of storage, of ownership and of work.
 *
 * In:    hash32, slotsLog2 (k, 0 to 16)                   Out: Slot, offset within the slot
 * Holds: slot(hash) = hash >>> (32 - k); every hash is in exactly one slot.
 * Source: DESIGN, section 1.
 */
import { InvalidInputError } from "./errors.ts";

declare const slotBrand: unique symbol;
/** Index of a slot, 0 to 2^k - 1. */
export type Slot = number & { readonly [slotBrand]: true };

/** 2^16 slots of 1,000 targets are 65 million: more than one pool is meant for. */
export const SLOTS_LOG2_MAX = 16;

/** @throws InvalidInputError unless k is a whole number from 0 to 16. */
export function assertSlotsLog2(slotsLog2: number): void {
  if (Number.isInteger(slotsLog2) && slotsLog2 >= 0 && slotsLog2 <= SLOTS_LOG2_MAX) return;
  throw new InvalidInputError({
    where: "slotsLog2",
    found: String(slotsLog2),
    expected: `a whole number from 0 to ${SLOTS_LOG2_MAX}`,
  });
}

export function slotCount(slotsLog2: number): number {
  return 2 ** slotsLog2;
}

/** How many hashes a slot holds: 2^(32 - k). */
export function slotWidth(slotsLog2: number): number {
  return 2 ** (32 - slotsLog2);
}

export function slotOf(hash32: number, slotsLog2: number): Slot {
  return (slotsLog2 === 0 ? 0 : hash32 >>> (32 - slotsLog2)) as Slot;
}

/** Place of a hash within its slot, 0 to 2^(32 - k) - 1. */
export function offsetInSlot(hash32: number, slotsLog2: number): number {
  return hash32 % slotWidth(slotsLog2);
}

/** @throws InvalidInputError when `index` is not a slot of this pool. */
export function slot(index: number, slotsLog2: number): Slot {
  if (Number.isInteger(index) && index >= 0 && index < slotCount(slotsLog2)) return index as Slot;
  throw new InvalidInputError({
    where: "slot",
    found: String(index),
    expected: `a whole number from 0 to ${slotCount(slotsLog2) - 1}`,
  });
}

/** The k lowest bits of `index` in reverse order: neighbours end up half a period apart. */
export function bitReverse(index: number, bits: number): number {
  let reversed = 0;
  for (let bit = 0; bit < bits; bit += 1) {
    if ((index & (1 << bit)) !== 0) reversed += 2 ** (bits - 1 - bit);
  }
  return reversed;
}
