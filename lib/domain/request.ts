/**
 * Something in a slot is to be captured now: new targets, or some that were asked for by hand.
 *
 * One record a slot, however many targets. Merging keeps the union; a fresh stamp with every write
 * lets whoever captured them remove exactly what it read.
 *
 * Holds: at most 100 keys, beyond which all targets of the slot are meant; the record is <= 1 KB.
 * Source: DESIGN, section 3.
 */
import { limits } from "./limits.ts";
import type { Slot } from "./slot.ts";

export type RequestedKeys =
  { readonly kind: "all" } | { readonly kind: "keys"; readonly resultKeys: readonly number[] };

export interface CaptureRequest {
  readonly pool: string;
  readonly slot: Slot;
  /** Whether targets that were never captured are meant. */
  readonly fresh: boolean;
  /** Targets asked for by hand, as result keys (bytes 4 to 7 of SHA-256). */
  readonly keys: RequestedKeys;
  /** Fresh and random with every write. */
  readonly stamp: string;
}

export function mergeKeys(a: RequestedKeys, b: RequestedKeys): RequestedKeys {
  if (a.kind === "all" || b.kind === "all") return { kind: "all" };
  const keys = [...new Set([...a.resultKeys, ...b.resultKeys])].toSorted((x, y) => x - y);
  return keys.length > limits.requestIdsMax ? { kind: "all" } : { kind: "keys", resultKeys: keys };
}

export function mergeRequests(
  stored: CaptureRequest | undefined,
  added: CaptureRequest,
): CaptureRequest {
  if (stored === undefined)
    return { ...added, keys: mergeKeys(added.keys, { kind: "keys", resultKeys: [] }) };
  return { ...added, fresh: stored.fresh || added.fresh, keys: mergeKeys(stored.keys, added.keys) };
}
