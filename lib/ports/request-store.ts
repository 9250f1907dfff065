/**
 * Captures on request, one record a slot, in a partition of their own.
 *
 * Holds: `put` merges as `#domain/request.ts` says, in one or two conditional writes; `remove`
 *        takes away exactly what was read.
 * Fails: DependencyError.
 * Contract: test/contracts/request-store.contract.ts
 */
import type { RangeSet } from "#domain/range.ts";
import type { CaptureAsked, CaptureRequest } from "#domain/request.ts";

export interface RequestStore {
  put(asked: CaptureAsked): Promise<void>;
  /** Those of the slots in `ranges`, strongly consistent; one Query for each range. */
  list(pool: string, ranges: RangeSet, slotsLog2: number): Promise<readonly CaptureRequest[]>;
  remove(request: CaptureRequest): Promise<"removed" | "changed">;
}
