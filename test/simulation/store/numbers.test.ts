import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addNumbers, canonicalNumber, compareNumbers } from "./numbers.ts";
import { numberBytes } from "./values.ts";

describe("a number", () => {
  test.each([
    ["0", "0"],
    ["-0", "0"],
    ["007", "7"],
    ["1.0", "1"],
    ["2.50", "2.5"],
    [".5", "0.5"],
    ["+4", "4"],
    ["1e3", "1000"],
    ["1E-3", "0.001"],
    ["-12.5e1", "-125"],
    ["1e-130", `0.${"0".repeat(129)}1`],
    ["9".repeat(38), "9".repeat(38)],
  ])("%s is written %s", (given, written) => {
    expect(canonicalNumber(given)).toBe(written);
  });

  test.each(["", ".", "e5", "1e", "abc", "1,5", "NaN", "1e126", "1e-131", "1".repeat(39)])(
    "%j is none",
    (given) => {
      expect(() => canonicalNumber(given)).toThrow(
        expect.objectContaining({ name: "ValidationException" }),
      );
    },
  );

  const scaled = ({ digits, places }: { digits: bigint; places: number }): bigint =>
    digits * 10n ** BigInt(12 - places);

  const decimal = fc
    .record({ digits: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), places: fc.nat(12) })
    .map(({ digits, places }) => ({
      digits,
      places,
      text: canonicalNumber(`${digits}e-${places}`),
    }));

  test("of any two, one is below the other or they are equal, as exact arithmetic says", () => {
    fc.assert(
      fc.property(decimal, decimal, (one, other) => {
        const [a, b] = [scaled(one), scaled(other)];
        expect(Math.sign(compareNumbers(one.text, other.text))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  test("and another add up exactly", () => {
    fc.assert(
      fc.property(decimal, decimal, (one, other) => {
        const sum = canonicalNumber(`${scaled(one) + scaled(other)}e-12`);
        expect(addNumbers(one.text, other.text)).toBe(sum);
        expect(addNumbers(sum, other.text, -1)).toBe(one.text);
      }),
    );
  });

  test.each([
    ["0", 1],
    ["7", 2],
    ["12", 2],
    ["123", 3],
    ["1200", 2],
    ["-12", 3],
    ["0.0012", 2],
    ["1.5", 3],
    ["1763754187000.25", 9],
  ])("%s weighs %i bytes", (text, bytes) => {
    expect(numberBytes(text)).toBe(bytes);
  });
});
