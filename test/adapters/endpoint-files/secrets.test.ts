import { describe, expect, it } from "vitest";
import { credentialLiteral, secretLiteral } from "#adapters/endpoint-files/secret-literal.ts";
import { entry, onlyHttp, parse, problemsIn } from "./support.ts";

// Put together here, so that no scanner takes this file for a leak.
const join = (...parts: readonly string[]): string => parts.join("");
const LITERALS: readonly (readonly [kind: string, text: string])[] = [
  ["an AWS access key id", join("AKIA", "ABCDEFGH23456789")],
  ["a GitHub token", join("ghp_", "a1B2".repeat(9))],
  ["a GitHub token", join("github_pat_", "11A_bc".repeat(6))],
  ["an API key (sk-…)", join("sk-", "abcdefghijklmnopqrst")],
  ["an API key (sk-…)", join("sk-proj-", "a1B2c3D4".repeat(4))],
  ["a Slack token", join("xoxb-", "123456789012-abcdef")],
  [
    "a JSON Web Token",
    join("eyJ", "hbGciOiJIUzI1NiJ9", ".eyJ", "zdWIiOiIxMjM0NTY3ODkwIn0", ".c2lnbmF0dXJl"),
  ],
  ["a bearer token", join("Bearer ", "abcdefgh".repeat(3))],
  ["a private key (PEM)", join("-----BEGIN RSA ", "PRIVATE KEY-----")],
];

describe("a literal that looks like a key or token", () => {
  it.each(LITERALS)("is known as %s", (kind, text) => {
    expect(secretLiteral(`before ${text} after`)).toBe(kind);
  });

  it.each(LITERALS)("is refused wherever it stands, and never shown: %s", (_kind, text) => {
    const quoted = JSON.stringify(text);
    for (const field of [
      `headers: { x-anything: ${quoted} }`,
      `body: ${quoted}`,
      `auth: { bearer: ${quoted} }`,
      `auth: { basic: { username: a, password: ${quoted} } }`,
      `name: ${quoted}`,
      `id: ${quoted}`,
      `tags: { a: ${quoted} }`,
      `timeout: ${quoted}`,
      `cron_schedule: ${quoted}`,
      `method: ${quoted}`,
      `${quoted}: 1`,
      `success_test: { body_matches: ${quoted}`,
    ]) {
      const problems = problemsIn(entry(field));
      expect(problems, field).not.toEqual([]);
      expect(problems.join("\n"), field).not.toContain(text.slice(0, 24));
    }
  });

  it.each([
    [
      "a generated password",
      "auth: { basic: { username: a, password: x7Gq2LmZ9vTr4WbN } }",
      "2:43",
    ],
    ["a generated API key", "headers: { X-Api-Key: 0f8fad5bd9cb469fa165 }", "2:25"],
    ["basic credentials", "headers: { Authorization: Basic dXNlcjp4N0dxMkxtWjl2VHI0V2JO }", "2:29"],
    ["a bearer token", "headers: { authorization: bearer abcdefghijklmnop }", "2:29"],
  ])("is refused where credentials belong: %s", (_kind, field, place) => {
    expect(problemsIn(entry(field))).toEqual([
      expect.stringMatching(
        new RegExp(
          `^${place}: found .* written out \\(it looks like .*\\), expected a reference: \\{ \\$ref: env:LAMPLIGHTER_SECRET_… \\}`,
          "u",
        ),
      ),
    ]);
  });

  it("is refused in a query, with the advice to send a header", () => {
    const [problem] = problemsIn("a.example/?api_key=0f8fad5bd9cb469fa165:");
    expect(problem).toMatch(/^1:1: found a query parameter "api_key" .*send it as a header/u);
    expect(problem).not.toContain("0f8fad5");
  });

  it("isn't seen in ordinary texts", () => {
    for (const text of [
      "ok",
      "/sk-some-long-path-here",
      "text/html; charset=utf-8",
      "risk-management-2026",
      "Bearer",
      "",
    ]) {
      expect(secretLiteral(text)).toBeUndefined();
    }
    for (const text of ["demo", "correct horse battery staple", "aaaaaaaaaaaaaaaaaaaaaaaa1"]) {
      expect(credentialLiteral(text)).toBeUndefined();
    }
    expect(onlyHttp(entry("auth: { basic: { username: demo, password: demo } }")).auth).toEqual({
      kind: "basic",
      username: "demo",
      password: "demo",
    });
  });
});

describe("a reference", () => {
  const REF = "{ $ref: env:LAMPLIGHTER_SECRET_X }";

  it("stands where secrets may, and stays unresolved", () => {
    const settings = onlyHttp(
      entry(
        `headers: { x-api-key: ${REF} }`,
        `body: ${REF}`,
        `auth: { basic: { username: ${REF}, password: ${REF} } }`,
      ),
    );
    const ref = { $ref: "env:LAMPLIGHTER_SECRET_X" };
    expect(settings).toMatchObject({
      headers: { "x-api-key": ref },
      body: ref,
      auth: { username: ref, password: ref },
    });
  });

  it.each([
    "ssm:/team/api/token",
    "secretsmanager:team/api#token",
    "secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-AbCdEf",
  ])("may be to a service that keeps secrets: %s", ($ref) => {
    const settings = onlyHttp(entry(`headers: { x-api-key: { $ref: ${$ref} } }`));
    expect(settings).toMatchObject({ headers: { "x-api-key": { $ref } } });
  });

  it("may be bound to hosts, in their canonical form", () => {
    const { auth } = onlyHttp(
      entry(
        "auth: { bearer: { $ref: env:LAMPLIGHTER_SECRET_X, hosts: [A.EXAMPLE, münchen.example] } }",
      ),
    );
    expect(auth).toMatchObject({ token: { hosts: ["a.example", "xn--mnchen-3ya.example"] } });
  });

  it.each([
    [
      "{ $ref: env:AWS_SECRET_ACCESS_KEY }",
      /^2:27: found "env:AWS_SECRET_ACCESS_KEY", expected env:LAMPLIGHTER_SECRET_NAME: .*keys of its role/u,
    ],
    ["{ $ref: env:LAMPLIGHTER_SECRET_ }", /^2:27: .*in capitals, digits and underscores/u],
    [
      "{ $ref: vault:x }",
      /^2:27: found "vault:x", expected env:LAMPLIGHTER_SECRET_NAME, ssm:\/path\/name or secretsmanager:name#key$/u,
    ],
    ["{ $ref: ssm:path/name }", /^2:27: .*expected ssm:\/path\/name: .*begins with a slash/u],
    ["{ $ref: 'secretsmanager:name#' }", /^2:27: .*after # the name of a key/u],
    ["{ $ref: 3 }", /^2:27: found a number/u],
    ["{ ref: env:LAMPLIGHTER_SECRET_X }", /did you mean \$ref\?/u],
    [
      "{ $ref: env:LAMPLIGHTER_SECRET_X, hosts: b.example }",
      /^2:60: found a secret for b\.example, expected hosts that include the target's own, a\.example$/u,
    ],
    ["{ $ref: env:LAMPLIGHTER_SECRET_X, hosts: [] }", /^2:60: found 0 hosts/u],
    [
      "{ $ref: env:LAMPLIGHTER_SECRET_X, hosts: 'https://a.example' }",
      /1 to 20 host names, without scheme and port$/u,
    ],
    ["'${TOKEN}'", /^2:19: found auth\.bearer with a variable in it/u],
    ["[a]", /^2:19: found a list, expected auth\.bearer: a text, or a reference/u],
    ["", /^2:20: found nothing/u],
  ])("is refused as %s", (token, problem) => {
    expect(problemsIn(entry(`auth: { bearer: ${token} }`))[0]).toMatch(problem);
  });

  it.each([
    ["correct horse", "a text"],
    ["hunter2", "a text"],
    ["x7Gq2LmZ9vTr4WbN", "a text"],
    ["robot:x7Gq2LmZ9vTr4WbN0f8fad5bd9", "a text that looks like a generated key or token"],
  ])("that is the secret itself, by mistake, is not shown: %s", ($ref, shown) => {
    const [problem] = problemsIn(entry(`auth: { bearer: { $ref: "${$ref}" } }`));
    expect(problem).toContain(`2:27: found ${shown}, expected env:LAMPLIGHTER_SECRET_NAME, ssm:`);
  });

  it("is refused where no secret may stand", () => {
    for (const field of ["name", "id", "proxy", "timeout", "ca"]) {
      expect(parse(entry(`${field}: ${REF}`)).problems).toHaveLength(1);
    }
  });
});
