import { describe, expect, it } from "vitest";
import { environmentSecrets } from "#adapters/secrets/environment-secrets.ts";

const secrets = environmentSecrets({
  LAMPLIGHTER_SECRET_TOKEN: "abc",
  LAMPLIGHTER_SECRET_EMPTY: "",
  AWS_SECRET_ACCESS_KEY: "never",
});

describe("a secret in the environment", () => {
  it("is found by its reference", async () => {
    expect(await secrets.find("env:LAMPLIGHTER_SECRET_TOKEN")).toEqual({
      kind: "found",
      value: "abc",
    });
  });

  it.each([
    ["env:AWS_SECRET_ACCESS_KEY", "its name must begin with LAMPLIGHTER_SECRET_"],
    ["env:lamplighter_secret_token", "its name must begin with LAMPLIGHTER_SECRET_"],
    ["env:LAMPLIGHTER_SECRET_OTHER", "is not set in the environment"],
    ["env:LAMPLIGHTER_SECRET_EMPTY", "is not set in the environment"],
    ["env:LAMPLIGHTER_SECRET_/../X", "is no reference to a secret"],
    ["vault:x", "is no reference to a secret"],
    ["", "is no reference to a secret"],
  ])("is missing: %j", async (reference, reason) => {
    const result = await secrets.find(reference);
    expect(result).toMatchObject({
      kind: "missing",
      reason: expect.stringContaining(reason) as string,
    });
    expect(JSON.stringify(result)).not.toContain("never");
  });
});
