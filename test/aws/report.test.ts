import { expect, it } from "vitest";
import { report, StepFailure } from "./report.ts";

function recorded() {
  let written = "";
  let now = 0;
  const made = report(
    (text) => (written += text),
    () => (now += 500),
  );
  return { made, written: () => written };
}

it("says a step's name, its time and what came of it, and counts it", async () => {
  const { made, written } = recorded();
  expect(await made.step("one", () => Promise.resolve({ value: 7, said: "seven" }))).toBe(7);
  expect(written()).toBe("--- one\n    ok, 0.5 s: seven\n");
  expect(made.sums()).toBe("1 passed, 0 failed");
});

it("says what a failed step needs, on its own lines, and goes on", async () => {
  const { made, written } = recorded();
  const failed = await made.step("one", () => Promise.reject(new StepFailure("no java\nget it")));
  expect(failed).toBeUndefined();
  expect(written()).toBe("--- one\n    FAILED after 0.5 s: no java\n    get it\n");
  expect(made.sums()).toBe("0 passed, 1 failed");
  expect(made.failures()).toBe(1);
});

it("adds the tests of a step to the sums", () => {
  const { made } = recorded();
  made.count(40, 2);
  expect(made.sums()).toBe("40 passed, 2 failed");
});
