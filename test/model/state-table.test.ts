import { expect, test } from "vitest";
import { canonical } from "./canonical.ts";
import { stateTable } from "./state-table.ts";

interface Pair {
  readonly one: number;
  readonly other: string;
}

/** More than 16 bits can count, and more than one segment of rows. */
const MANY = 70_000;

test("finds equal states in one row, also when a component outgrows two bytes", () => {
  const table = stateTable<Pair>(["one", "other"]);
  const pair = (index: number): Pair => ({ one: index, other: index % 2 === 0 ? "even" : "odd" });
  for (let index = 0; index < MANY; index += 1) {
    const from =
      index === 0 ? undefined : { row: index - 1, state: pair(index - 1), step: index % 7 };
    expect(table.find(pair(index), from)).toEqual({ row: index, isNew: true });
  }
  expect(table.size).toBe(MANY);
  expect(table.values()).toEqual({ one: MANY, other: 2 });
  for (const index of [0, 1, 65_535, 65_536, MANY - 1]) {
    expect(table.find(pair(index))).toEqual({ row: index, isNew: false });
    expect(table.stateOf(index)).toEqual(pair(index));
  }
  expect(table.parentOf(65_536)).toBe(65_535);
  expect(table.stepOf(65_536)).toBe(65_536 % 7);
});

test("values are equal when all their parts are, whatever their order", () => {
  expect(canonical({ a: 1, b: [{ c: "x" }], d: undefined })).toBe(
    canonical({ b: [{ c: "x" }], a: 1 }),
  );
  expect(canonical(new Uint8Array([1, 2]))).not.toBe(canonical([1, 2]));
  expect(canonical("1")).not.toBe(canonical(1));
  expect(canonical(Number.POSITIVE_INFINITY)).not.toBe(canonical(null));
  expect(canonical(["a,b"])).not.toBe(canonical(["a", "b"]));
});

test("values that have no such text are refused", () => {
  expect(() => canonical(new Map())).toThrow("plain objects");
  expect(() => canonical({ now: () => 0 })).toThrow("function");
});
