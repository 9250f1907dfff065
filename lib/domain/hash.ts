/**
 * The place of a target in the 32-bit hash space.
 *
 * hash32(id) is the first four bytes of SHA-256 of the id's UTF-8 bytes, big-endian;
 * resultKey(id) is the next four: it names the target inside its slot's packed results.
 *
 * In:    a target's id, exactly as registered (no Unicode normalisation)    Out: unsigned 32-bit integers
 * Holds: the same id gives the same numbers on every machine and in every version.
 * Fails: InvalidInputError for an empty id, one over 512 UTF-8 bytes, or one with lone surrogates
 *        or control characters.
 * Source: DESIGN, section 1; test vectors in test/domain/hash.vectors.json.
 */
import { hash } from "node:crypto";
import { InvalidInputError } from "./errors.ts";
import { limits } from "./limits.ts";

export interface TargetHash {
  /** Unsigned 32 bits: slot and offset within it. */
  readonly hash32: number;
  /** Unsigned 32 bits, independent of hash32: the key in packed results and requests. */
  readonly resultKey: number;
}

const CONTROL = /\p{Cc}/u;

/** @throws InvalidInputError when the id can't be a target's name. */
export function assertTargetId(id: string): void {
  const bytes = Buffer.byteLength(id, "utf8");
  if (bytes >= 1 && bytes <= limits.targetIdBytesMax && id.isWellFormed() && !CONTROL.test(id))
    return;
  throw new InvalidInputError({
    where: "target id",
    found: id === "" ? "an empty id" : `${JSON.stringify(id.slice(0, 80))} (${bytes} bytes)`,
    expected: `1 to ${limits.targetIdBytesMax} bytes of well-formed UTF-8 without control characters`,
  });
}

/** @throws InvalidInputError when the id can't be a target's name. */
export function targetHash(id: string): TargetHash {
  assertTargetId(id);
  const digest = hash("sha256", id, "buffer");
  return { hash32: digest.readUInt32BE(0), resultKey: digest.readUInt32BE(4) };
}
