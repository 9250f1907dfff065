import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { canonicalJson, fingerprint } from "#domain/fingerprint.ts";
import { target } from "#test/support/targets.arbitrary.ts";

const NOOP = { id: "n1", probe: { kind: "noop" }, cadence: every(60_000), tags: {} } as const;

/** The same value with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe("a fingerprint", () => {
  it("is the same on every machine and in every version", () => {
    expect(canonicalJson(NOOP)).toBe(
      '{"cadence":{"kind":"every","periodMs":60000},"id":"n1","probe":{"kind":"noop"},"tags":{}}',
    );
    expect(fingerprint(NOOP, "main")).toBe("mtj_ZIV4fuYZZGADfVo_ry");
  });

  it("doesn't depend on the order of keys, nor on absent fields being undefined", () => {
    fc.assert(
      fc.property(target, (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
        expect(canonicalJson({ ...value, body: undefined })).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("differs with the pool and with any part of the definition", () => {
    const prints = [
      fingerprint(NOOP, "main"),
      fingerprint(NOOP, "eu"),
      fingerprint({ ...NOOP, id: "n2" }, "main"),
      fingerprint({ ...NOOP, name: "N" }, "main"),
      fingerprint({ ...NOOP, policy: "alerting" }, "main"),
      fingerprint({ ...NOOP, cadence: every(61_000) }, "main"),
      fingerprint({ ...NOOP, tags: { a: "b" } }, "main"),
    ];
    expect(new Set(prints).size).toBe(prints.length);
  });
});
