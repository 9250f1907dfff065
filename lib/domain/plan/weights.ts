/**
 * What each slot weighs, from what the owners measured.
 *
 * Holds: every slot weighs more than nothing: a slot costs its owner a read and a heartbeat's bytes
 *        even when no target is in it. Slots that nobody measured weigh the mean of the others.
 */
import type { Lease } from "../lease.ts";
import { unpackLoad } from "../load.ts";
import { slotCount, slotWidth } from "../slot.ts";

export interface Weights {
  /** `sums[i]` is the weight of the slots before i. */
  readonly sums: Float64Array;
  readonly total: number;
  /** Whether weights are captures per second; else every slot weighs one. */
  readonly measured: boolean;
}

/** Share of the mean that a slot without any load weighs. */
const EMPTY_SLOT = 0.01;

const LOAD_OF_BYTE = Float64Array.from({ length: 256 }, (_, byte) => unpackLoad(byte));

export function slotWeights(leases: readonly Lease[], slotsLog2: number): Weights {
  const count = slotCount(slotsLog2);
  const loads = new Float64Array(count);
  const known = new Uint8Array(count);
  for (const lease of leases) addLoads(lease, loads, known, slotWidth(slotsLog2));
  let knownTotal = 0;
  let knownCount = 0;
  for (let slot = 0; slot < count; slot += 1) {
    if (known[slot] !== 1) continue;
    knownTotal += loads[slot] ?? 0;
    knownCount += 1;
  }
  const measured = knownTotal > 0;
  const mean = measured ? knownTotal / knownCount : 1;
  const sums = new Float64Array(count + 1);
  for (let slot = 0; slot < count; slot += 1) {
    const load = measured && known[slot] === 1 ? (loads[slot] ?? 0) : mean;
    sums[slot + 1] = (sums[slot] ?? 0) + Math.max(load, mean * EMPTY_SLOT);
  }
  return { sums, total: sums[count] ?? 0, measured };
}

function addLoads(lease: Lease, loads: Float64Array, known: Uint8Array, width: number): void {
  for (const { range, perPart } of lease.loads) {
    const size = (range.to - range.from) / perPart.length;
    for (let part = 0; part < perPart.length; part += 1) {
      const from = range.from + part * size;
      const load = LOAD_OF_BYTE[perPart[part] ?? 0] ?? 0;
      const last = Math.min(loads.length, Math.ceil((from + size) / width));
      for (let slot = Math.floor(from / width); slot < last; slot += 1) {
        const shared = Math.min(from + size, (slot + 1) * width) - Math.max(from, slot * width);
        loads[slot] = (loads[slot] ?? 0) + (load * shared) / size;
        known[slot] = 1;
      }
    }
  }
}
