/**
 * Unique names from the system's randomness: 128 bits, 22 characters of base64url.
 *
 * Holds: safe in keys, file names and URLs. Bytes are drawn in blocks: one draw costs as much as 256.
 */
import { randomFillSync } from "node:crypto";
import type { Owner } from "#domain/lease.ts";
import type { Ids } from "#ports/ids.ts";

const BYTES = 16;

export function systemIds(): Ids {
  const block = Buffer.allocUnsafe(256 * BYTES);
  let used = block.length;

  function next(): string {
    if (used === block.length) {
      randomFillSync(block);
      used = 0;
    }
    used += BYTES;
    return block.toString("base64url", used - BYTES, used);
  }

  return { owner: () => next() as Owner, stamp: next };
}
