import { describe, expect, it } from "vitest";
import { stepTimer } from "#functions/shared/steps.ts";

describe("stepTimer", () => {
  it("adds up each step in the order in which they began, failed ones too", async () => {
    let now = 0;
    const steps = stepTimer(() => now);
    const taking = (ms: number) => () => {
      now += ms;
      return Promise.resolve(ms);
    };
    expect(await steps.measure("read", taking(5))).toBe(5);
    await expect(
      steps.measure("write", () => taking(2.04)().then(() => Promise.reject(new Error("no")))),
    ).rejects.toThrow("no");
    await steps.measure("read", taking(1));
    expect(steps.durationsMs()).toEqual({ read: 6, write: 2 });
  });
});
