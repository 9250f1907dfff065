import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSecretReference, SECRET_EXPECTED } from "#domain/secret-reference.ts";

const ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:team/api-AbCdEf";

describe("a reference to a secret", () => {
  it.each([
    ["env:LAMPLIGHTER_SECRET_A_1", { kind: "env", name: "LAMPLIGHTER_SECRET_A_1" }],
    ["ssm:token", { kind: "ssm", name: "token" }],
    ["ssm:/team/api/token", { kind: "ssm", name: "/team/api/token" }],
    ["secretsmanager:api", { kind: "secretsmanager", id: "api" }],
    ["secretsmanager:team/api#token", { kind: "secretsmanager", id: "team/api", key: "token" }],
    [`secretsmanager:${ARN}`, { kind: "secretsmanager", id: ARN }],
    [`secretsmanager:${ARN}#my key`, { kind: "secretsmanager", id: ARN, key: "my key" }],
  ])("%s", (text, reference) => {
    expect(parseSecretReference(text)).toEqual(reference);
  });

  it.each([
    ["vault:x", SECRET_EXPECTED],
    ["", SECRET_EXPECTED],
    ["env:AWS_SECRET_ACCESS_KEY", /^env:LAMPLIGHTER_SECRET_NAME: other names are refused/u],
    ["env:LAMPLIGHTER_SECRET_", /^env:LAMPLIGHTER_SECRET_NAME, in capitals/u],
    ["env:LAMPLIGHTER_SECRET_a", /in capitals, digits and underscores/u],
    ["ssm:", /^ssm:\/path\/name/u],
    ["ssm:path/name", /begins with a slash/u],
    ["ssm:/path/", /^ssm:\/path\/name/u],
    ["ssm:/path//name", /^ssm:\/path\/name/u],
    ["ssm:/path/name:3", /^ssm:\/path\/name/u],
    ["ssm:/../name", /^ssm:\/path\/name/u],
    [`ssm:/${"a/".repeat(15)}b`, /at most 15 levels/u],
    ["secretsmanager:", /^secretsmanager:name/u],
    ["secretsmanager:#key", /^secretsmanager:name/u],
    ["secretsmanager:name#", /after # the name of a key/u],
    ["secretsmanager:na me", /^secretsmanager:name/u],
    ["secretsmanager:arn:aws:s3:::bucket", /^secretsmanager:name/u],
  ])("is not %j", (text, expected) => {
    expect(parseSecretReference(text)).toEqual({
      kind: "refused",
      expected:
        typeof expected === "string" ? expected : (expect.stringMatching(expected) as string),
    });
  });

  it("is one or is refused, for any text", () => {
    const kinds = fc.constantFrom("", "env:", "ssm:", "ssm:/", "secretsmanager:");
    fc.assert(
      fc.property(kinds, fc.string(), (kind, rest) => {
        expect(parseSecretReference(kind + rest).kind).toMatch(
          /^(env|ssm|secretsmanager|refused)$/u,
        );
      }),
    );
  });
});
