import { describe, expect, test } from "vitest";
import type { Mutant } from "./catalogue/index.ts";
import type { Check } from "./checks.ts";
import { killedBy, type Run } from "./runs.ts";
import { lastLine, row } from "./table.ts";
import { judge, remembering, type Runner } from "./verdict.ts";

const MUTANT: Mutant = {
  id: "one",
  file: "lib/domain/lease.ts",
  find: "a",
  replace: "b",
  why: "A guard is gone, and something goes wrong that is long enough to be wrapped in a table.",
  expected: { by: "both", steps: 5 },
};
const EQUIVALENT: Mutant = { ...MUTANT, expected: { by: "none", equivalent: "It can't be seen." } };

const CHECKS: readonly Check[] = ["model", "simulation"].map((by) => ({
  by: by === "model" ? "model" : "simulation",
  command: { program: by, args: [], secondsMax: 1 },
}));

const answers =
  (byProgram: Readonly<Record<string, Run>>): Runner =>
  (id, { program }) =>
    Promise.resolve((id === "" ? undefined : byProgram[program]) ?? { kind: "holds" });

const killed: Run = { kind: "killed", how: { where: "a world", what: "it breaks", steps: 6 } };

describe("the verdict on a mutant", () => {
  test("is killed by the first check that says what doesn't hold", async () => {
    expect(await judge(MUTANT, CHECKS, answers({ model: killed }))).toMatchObject({ by: "model" });
    expect(await judge(MUTANT, CHECKS, answers({ simulation: killed }))).toMatchObject({
      kind: "killed",
      by: "simulation",
    });
  });

  test("is survival when every check holds, or shows nothing", async () => {
    expect((await judge(MUTANT, CHECKS, answers({}))).kind).toBe("survived");
    const failed: Run = { kind: "failed", why: "no such file" };
    expect(await judge(MUTANT, CHECKS, answers({ model: failed }))).toEqual({
      kind: "survived",
      why: "model: no such file",
    });
  });

  test("is no kill where the same doesn't hold for the code as it is", async () => {
    const always: Runner = () => Promise.resolve(killed);
    expect(await judge(MUTANT, CHECKS, always)).toMatchObject({
      kind: "survived",
      why: /doesn't hold for the code as it is/u,
    });
    const proven = await judge(EQUIVALENT, CHECKS, always);
    expect(proven.kind).toBe("survived");
  });

  test("puts the code as it is to the same check once only", async () => {
    const asked: string[] = [];
    const runner = remembering((id) => {
      asked.push(id);
      return Promise.resolve(id === "" ? { kind: "holds" } : killed);
    });
    await judge(MUTANT, CHECKS, runner);
    await judge({ ...MUTANT, id: "two" }, CHECKS, runner);
    expect(asked).toEqual(["one", "", "two"]);
  });

  test("is equivalence only as long as no check refutes the proof", async () => {
    expect((await judge(EQUIVALENT, CHECKS, answers({}))).kind).toBe("equivalent");
    const refuted = await judge(EQUIVALENT, CHECKS, answers({ simulation: killed }));
    expect(refuted).toMatchObject({ kind: "survived", why: /called equivalent/u });
  });
});

describe("what a check says in the end", () => {
  test("is read from its last line alone", () => {
    expect(killedBy(`told\n{"world":"w","what":"x","steps":7}\n`)).toEqual({
      where: "w",
      what: "x",
      steps: 7,
    });
    expect(killedBy(`{"seed":12,"what":"lost"}`)).toEqual({ where: "seed 12", what: "lost" });
    expect(killedBy(`{"test":"a.test.ts","what":"x"}`)).toEqual({ where: "a.test.ts", what: "x" });
  });

  test.each(["", "Error: boom", "{}", `{"world":"w"}`, `{"what":"x"}`, "[1]", "null"])(
    "is nothing where a process ends with %j",
    (text) => {
      expect(killedBy(text)).toBeUndefined();
    },
  );

  test("is nothing where the simulated system's own process has failed", () => {
    expect(killedBy(`{"seed":1,"what":"the run its process ended with 1"}`)).toBeUndefined();
  });
});

describe("the table", () => {
  const judged = [
    { verdict: { kind: "killed", by: "model", how: { where: "w", what: "x", steps: 6 } } },
    { verdict: { kind: "equivalent", proof: "It can't be seen." } },
    { verdict: { kind: "survived", why: "nothing says so" } },
  ].map(
    ({ verdict }) => ({ mutant: MUTANT, area: "leases", verdict, seconds: 1 }) as const,
  ) as Parameters<typeof lastLine>[0];

  test("says what was changed, what killed it, and how its length compares", () => {
    const [first] = judged;
    const text = first === undefined ? "" : row(first);
    expect(text).toMatch(/^killed +leases\/one +model: w +6 \(about 5\) +1 s\n {2}> x$/u);
  });

  test("ends with the counts", () => {
    expect(lastLine(judged)).toBe("3 mutants: 1 killed, 1 equivalent, 1 survived");
  });
});
