/**
 * DynamoDB's numbers: decimals of up to 38 significant digits, written without an exponent.
 *
 * Numbers that are whole and short, which is nearly all of them, never leave the fast path.
 * Source: "Supported data types", Amazon DynamoDB Developer Guide (read 2026-11).
 */
import { validation } from "./failures.ts";

/** coefficient x 10^exponent, without zeros at the coefficient's end; zero is 0 x 10^0. */
interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

const DIGITS_MAX = 38;
const MAGNITUDE_MAX = 125;
const MAGNITUDE_MIN = -130;
const SHORT = /^(?:0|-?[1-9]\d{0,14})$/u;
const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/u;
const SHORT_FRACTION = /^-?\d{1,9}\.\d{1,6}$/u;

/** As DynamoDB stores and returns it. @throws ValidationException for what is no number of its kind. */
export function canonicalNumber(text: string): string {
  return SHORT.test(text) ? text : format(parse(text));
}

/** Of two canonical numbers: negative, zero, positive. */
export function compareNumbers(one: string, other: string): number {
  if (one === other) return 0;
  if (isExact(one) && isExact(other)) return Number(one) - Number(other);
  const [a, b] = aligned(parse(one), parse(other));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Canonical in, canonical out. @throws ValidationException beyond 38 digits. */
export function addNumbers(one: string, other: string, sign: 1 | -1 = 1): string {
  if (SHORT.test(one) && SHORT.test(other)) return String(Number(one) + sign * Number(other));
  const left = parse(one);
  const right = parse(other);
  const [a, b] = aligned(left, right);
  const exponent = Math.min(left.exponent, right.exponent);
  return format(checked(normal(a + BigInt(sign) * b, exponent)));
}

/** Fifteen digits survive a double and keep their order there. */
function isExact(text: string): boolean {
  return SHORT.test(text) || SHORT_FRACTION.test(text);
}

function parse(text: string): Decimal {
  const match = NUMBER.exec(text);
  const [, sign = "", whole = "", fraction = "", power = "0"] = match ?? [];
  if (match === null || whole + fraction === "") {
    throw validation(`The parameter cannot be converted to a numeric value: ${text}`);
  }
  const coefficient = BigInt(whole + fraction);
  return checked(
    normal(sign === "-" ? -coefficient : coefficient, Number(power) - fraction.length),
  );
}

function normal(coefficient: bigint, exponent: number): Decimal {
  if (coefficient === 0n) return { coefficient, exponent: 0 };
  const digits = coefficient.toString();
  const zeros = digits.length - digits.replace(/0+$/u, "").length;
  return {
    coefficient: BigInt(digits.slice(0, digits.length - zeros)),
    exponent: exponent + zeros,
  };
}

function checked(decimal: Decimal): Decimal {
  const digits = decimal.coefficient.toString().replace("-", "").length;
  const magnitude = digits - 1 + decimal.exponent;
  if (digits > DIGITS_MAX) {
    throw validation("Attempting to store more than 38 significant digits in a Number");
  }
  if (magnitude > MAGNITUDE_MAX) throw validation("Number overflow");
  if (magnitude < MAGNITUDE_MIN) throw validation("Number underflow");
  return decimal;
}

function aligned(one: Decimal, other: Decimal): [bigint, bigint] {
  const exponent = Math.min(one.exponent, other.exponent);
  const raise = ({ coefficient, exponent: own }: Decimal): bigint =>
    coefficient * 10n ** BigInt(own - exponent);
  return [raise(one), raise(other)];
}

function format({ coefficient, exponent }: Decimal): string {
  if (exponent >= 0) return String(coefficient * 10n ** BigInt(exponent));
  const sign = coefficient < 0n ? "-" : "";
  const digits = coefficient
    .toString()
    .replace("-", "")
    .padStart(1 - exponent, "0");
  return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}
