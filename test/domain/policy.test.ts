import { describe, expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { InvalidInputError } from "#domain/errors.ts";
import { POLICIES_DEFAULT, parsePolicyName, POLICY_NAMES, priority } from "#domain/policy.ts";

describe("policies", () => {
  it("are alerting every 10 min and standard every 50 min unless said otherwise", () => {
    expect(POLICIES_DEFAULT).toEqual({ alerting: every(600_000), standard: every(3_000_000) });
    expect(Object.keys(POLICIES_DEFAULT)).toEqual([...POLICY_NAMES]);
  });

  it("put alerting first, before targets that name no policy", () => {
    expect(priority("alerting")).toBe(0);
    expect(priority("standard")).toBe(1);
    expect(priority(undefined)).toBe(1);
  });

  it.each(["alerting", "standard"])("know the name %s", (name) => {
    expect(parsePolicyName(name)).toBe(name);
  });

  it.each(["", "Alerting", "hourly", "toString", "__proto__"])("refuse the name %j", (name) => {
    expect(() => parsePolicyName(name, "web.yml:2:3")).toThrow(InvalidInputError);
  });
});
