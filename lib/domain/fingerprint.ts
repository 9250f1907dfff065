/**
 * The fingerprint of a target: what `Target.revision` holds.
 *
 * It is the SHA-256 of the definition as JSON with sorted keys, cut to 128 bits.
 *
 * In:    a TargetDefinition and its pool                Out: 22 characters of base64url
 * Holds: equal for equal definitions whatever the order of their keys; the same on every machine
 *        and in every version (test vectors in test/domain/fingerprint.test.ts). Order counts in
 *        lists; an absent field equals one that is undefined.
 * Fails: never (pure).
 */
import { hash } from "node:crypto";
import type { TargetDefinition } from "./target.ts";

const CHARACTERS = 22;

export function fingerprint(definition: TargetDefinition, pool: string): string {
  return hash("sha256", `${pool}\n${canonicalJson(definition)}`, "base64url").slice(0, CHARACTERS);
}

/** JSON whose objects have their keys in code unit order and no undefined members. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value === undefined) return "null";
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}
