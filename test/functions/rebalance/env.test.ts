import { describe, expect, it } from "vitest";
import { rebalanceEnvironment } from "#functions/rebalance/env.ts";
import { wantedPool } from "#functions/rebalance/wiring.ts";
import { parseEnvironment } from "#functions/shared/parse.ts";

const required = {
  LAMPLIGHTER_POOL: "web",
  LEASE_TABLE_NAME: "leases",
  COLLECT_FUNCTION_NAME: "collect",
};
const wanted = (more: Record<string, string>): unknown =>
  wantedPool(parseEnvironment(rebalanceEnvironment, { ...required, ...more }));

describe("the pool that a rebalancer's environment asks for", () => {
  it("is the one it is named after, with 64 slots unless it says otherwise", () => {
    expect(wanted({ COLLECTORS: "3" })).toEqual({ pool: "web", desired: 3, slotsLog2: 6 });
    expect(wanted({ COLLECTORS: "200", SLOTS_LOG2: "12" })).toEqual({
      pool: "web",
      desired: 200,
      slotsLog2: 12,
    });
  });

  it.each([{}, { COLLECTORS: "" }, { SLOTS_LOG2: "8" }, { COLLECTORS: "", SLOTS_LOG2: "" }])(
    "is nobody's here when no number of collectors is named: %j",
    (more) => {
      expect(wanted(more)).toBeUndefined();
    },
  );

  it.each([
    ["COLLECTORS", "0"],
    ["COLLECTORS", "1001"],
    ["COLLECTORS", "2.5"],
    ["COLLECTORS", "many"],
    ["COLLECTORS", " "],
    ["SLOTS_LOG2", "-1"],
    ["SLOTS_LOG2", "17"],
    ["SLOTS_LOG2", "64 slots"],
  ])("is refused when %s is %j, with the range", (key, value) => {
    expect(() => wanted({ COLLECTORS: "1", [key]: value })).toThrow(
      new RegExp(`environment ${key}.*a whole number from \\d+ to \\d+, or nothing`, "u"),
    );
  });
});
