import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "#domain/errors.ts";
import { assertTargetId, targetHash } from "#domain/hash.ts";
import { limits } from "#domain/limits.ts";
import vectors from "./hash.vectors.json" with { type: "json" };

const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** Every code point, lone surrogates among them. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 60 })
  .map((points) => String.fromCodePoint(...points));

describe("targetHash", () => {
  it.each(vectors.vectors)("places $note", ({ id, hash32, resultKey }) => {
    const found = targetHash(id);
    expect({ hash32: hex(found.hash32), resultKey: hex(found.resultKey) }).toEqual({
      hash32,
      resultKey,
    });
  });

  it("gives every vector a place of its own: nothing is normalised", () => {
    const places = vectors.vectors.map(({ id }) => JSON.stringify(targetHash(id)));
    expect(new Set(places).size).toBe(vectors.vectors.length);
  });

  it.each(vectors.refused)("refuses what has $why", ({ id }) => {
    expect(() => targetHash(id)).toThrow(InvalidInputError);
  });

  it("says of an empty id that it is empty", () => {
    expect(() => targetHash("")).toThrow(/found an empty id, expected 1 to 512 bytes/u);
  });

  it("refuses a lone surrogate, which has no UTF-8", () => {
    expect(() => targetHash("a\ud800")).toThrow(InvalidInputError);
    expect(() => targetHash("\udc00a")).toThrow(InvalidInputError);
  });

  it("gives two unsigned 32-bit numbers or InvalidInputError, whatever the text", () => {
    fc.assert(
      fc.property(anyText, (id) => {
        try {
          const { hash32, resultKey } = targetHash(id);
          for (const part of [hash32, resultKey]) expect(part).toBe(part >>> 0);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInputError);
        }
      }),
    );
  });

  it("accepts every well-formed id within its limit", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }), (id) => {
        fc.pre(Buffer.byteLength(id) <= limits.targetIdBytesMax);
        expect(() => {
          assertTargetId(id);
        }).not.toThrow();
      }),
    );
  });
});
