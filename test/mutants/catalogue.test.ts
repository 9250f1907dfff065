import { existsSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { describe, expect, test } from "vitest";
import { WORLDS } from "#test/model/worlds.ts";
import { MUTANTS } from "./catalogue/index.ts";
import { mutate } from "./mutate.ts";

const ROOT = new URL("../../", import.meta.url);

describe("the catalogue of mutants", () => {
  test("has thirty at least, each with a name of its own", () => {
    const ids = MUTANTS.map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(30);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(MUTANTS)("$id changes one place, and what is left parses", (mutant) => {
    const text = readFileSync(new URL(mutant.file, ROOT), "utf8");
    const mutated = mutate(mutant, text);
    expect(mutated).not.toBe(text);
    expect(() => stripTypeScriptTypes(mutated)).not.toThrow();
  });

  test.each(MUTANTS)("$id says what goes wrong, and who sees it or why nobody can", (mutant) => {
    const { id, why, expected } = mutant;
    expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(why.length).toBeGreaterThan(20);
    expect((expected.equivalent ?? "").length > 80).toBe(expected.by === "none");
  });

  test.each(MUTANTS)("$id names what has found it, so that it is found again at once", (mutant) => {
    const { by, world, seed, test } = mutant.expected;
    expect([world, seed, test].some((hint) => hint !== undefined)).toBe(by !== "none");
    if (world !== undefined) expect(WORLDS.some(({ name }) => name.startsWith(world))).toBe(true);
    if (test !== undefined) expect(existsSync(new URL(test, ROOT))).toBe(true);
  });
});
