import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { describe, expect, test } from "vitest";
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
});
