import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileAssertion, evaluate, type Answer } from "#domain/assertion.ts";
import type { Assertion, Comparison, Scalar } from "#domain/http-settings.ts";
import { durationMs } from "#domain/units.ts";

interface AnswerText {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly latencyMs?: number;
  readonly days?: number;
  readonly secret?: string;
}

function answer({
  status = 200,
  headers = {},
  body = "",
  latencyMs = 5,
  days,
  secret,
}: AnswerText): Answer {
  return {
    status,
    header: (name) => headers[name],
    latencyMs: () => latencyMs,
    certificateDays: () => days,
    text: () => body,
    json: () => {
      try {
        return { kind: "json", value: JSON.parse(body) as unknown };
      } catch {
        return { kind: "not-json", found: "a body that is no JSON" };
      }
    },
    redact: (text) => (secret === undefined ? text : text.replaceAll(secret, "[secret]")),
  };
}

function messageFor(assertion: Assertion, parts: AnswerText): string | undefined {
  return evaluate(compileAssertion(assertion), answer(parts))?.message;
}

const json = (op: Comparison, value: Scalar, path = "status"): Assertion => ({
  kind: "json",
  path,
  op,
  value,
});

describe("status", () => {
  const assertion: Assertion = { kind: "status", allowed: [200, [300, 399]] };

  it.each([200, 300, 350, 399])("%i is allowed by codes and inclusive ranges", (status) => {
    expect(messageFor(assertion, { status })).toBeUndefined();
  });

  it.each([199, 201, 299, 400])("%i is not, and the message has both sides", (status) => {
    expect(messageFor(assertion, { status })).toBe(`status 200 or 300-399: found ${status}`);
  });

  it("needs at least one code", () => {
    expect(() => compileAssertion({ kind: "status", allowed: [] }, "web.yml:3:1")).toThrow(
      "web.yml:3:1: found no status, expected at least one code",
    );
  });
});

describe("json", () => {
  it("names path, comparison, expected and found", () => {
    expect(messageFor(json("==", "ok"), { body: '{"status":"degraded"}' })).toBe(
      'json status == "ok": found "degraded"',
    );
  });

  it.each<[Comparison, Scalar, string, boolean]>([
    ["==", "ok", '"ok"', true],
    ["==", 5, "5", true],
    ["==", 5, '"5"', false],
    ["==", null, "null", true],
    ["!=", 5, "6", true],
    ["!=", 5, "5", false],
    [">=", 3, "3", true],
    [">", 3, "3", false],
    ["<", 3, "2.5", true],
    ["<=", 3, "4", false],
    ["<", "2026-02-01", '"2026-01-31"', true],
    [">", 3, '"4"', false],
    [">", 0, "true", false],
    ["==", true, "true", true],
    ["!=", "x", "{}", false],
    ["!=", "x", "[]", false],
  ])("%s %j against %s is %s", (op, value, found, holds) => {
    expect(messageFor(json(op, value), { body: `{"status":${found}}` }) === undefined).toBe(holds);
  });

  it("is satisfied by no absent value, not even with !=", () => {
    expect(messageFor(json("!=", "down"), { body: "{}" })).toBe(
      'json status != "down": found nothing',
    );
  });

  it("says what a value is that can't be compared, without walking into it", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(messageFor(json("==", 1), { body: `{"status":${deep}}` })).toBe(
      "json status == 1: found an array of 1",
    );
    expect(messageFor(json("==", 1), { body: '{"status":{}}' })).toBe(
      "json status == 1: found an object",
    );
  });

  it("fails as not-json when the body is none", () => {
    expect(evaluate(compileAssertion(json("==", 1)), answer({ body: "<html>" }))).toEqual({
      code: "not-json",
      message: "json status == 1: found a body that is no JSON",
    });
  });

  it("shortens long values and takes secrets out before it does", () => {
    const body = JSON.stringify({ status: `${"x".repeat(115)}hunter2hunter2${"y".repeat(50)}` });
    const message = messageFor(json("==", "ok"), { body, secret: "hunter2" });
    expect(message).toContain("(181 characters)");
    expect(message).not.toContain("hunter");
  });

  it("matches scalars as text", () => {
    const assertion: Assertion = { kind: "json-matches", path: "version", pattern: "^2\\." };
    expect(messageFor(assertion, { body: '{"version":"2.1"}' })).toBeUndefined();
    expect(messageFor(assertion, { body: '{"version":2.5}' })).toBeUndefined();
    expect(messageFor(assertion, { body: '{"version":"1.9"}' })).toBe(
      'json version matches /^2\\./: found "1.9"',
    );
    expect(messageFor(assertion, { body: "{}" })).toBe(
      "json version matches /^2\\./: found nothing",
    );
  });
});

describe("body, header, latency, certificate", () => {
  it("looks for a pattern in the body", () => {
    const assertion: Assertion = { kind: "body-matches", pattern: "ready" };
    expect(messageFor(assertion, { body: "is ready now" })).toBeUndefined();
    expect(messageFor(assertion, { body: "starting" })).toBe(
      "body matches /ready/: found no match in 8 characters",
    );
    expect(messageFor(assertion, {})).toBe("body matches /ready/: found an empty body");
  });

  it("compares headers as text, and in order as numbers when a number is expected", () => {
    const is = (op: Comparison, value: string): Assertion => ({
      kind: "header",
      name: "X-Queue",
      op,
      value,
    });
    expect(messageFor(is("==", "9"), { headers: { "x-queue": "9" } })).toBeUndefined();
    expect(messageFor(is("<", "10"), { headers: { "x-queue": "9" } })).toBeUndefined();
    expect(messageFor(is("<", "10"), { headers: { "x-queue": "many" } })).toBe(
      'header x-queue < "10": found "many"',
    );
    expect(messageFor(is("!=", "9"), {})).toBe('header x-queue != "9": found nothing');
  });

  it("matches headers", () => {
    const assertion: Assertion = { kind: "header-matches", name: "Content-Type", pattern: "json" };
    expect(messageFor(assertion, { headers: { "content-type": "text/html" } })).toBe(
      'header content-type matches /json/: found "text/html"',
    );
  });

  it("compares the latency, and never shows a found one that looks fast enough", () => {
    const assertion: Assertion = { kind: "latency", op: "<", value: durationMs(500) };
    expect(messageFor(assertion, { latencyMs: 499.9 })).toBeUndefined();
    expect(messageFor(assertion, { latencyMs: 734 })).toBe("latency < 500ms: found 734ms");
    expect(messageFor({ ...assertion, op: "<=" }, { latencyMs: 500.2 })).toBe(
      "latency <= 500ms: found 501ms",
    );
  });

  it("compares a certificate's days", () => {
    const assertion: Assertion = { kind: "certificate-days", op: ">", value: 14 };
    expect(messageFor(assertion, { days: 15 })).toBeUndefined();
    expect(messageFor(assertion, { days: 3 })).toBe("certificate_days > 14: found 3");
    expect(messageFor(assertion, {})).toBe("certificate_days > 14: found no certificate");
  });
});

it("every assertion gives a verdict for every answer", () => {
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
  const op = fc.constantFrom<Comparison>("==", "!=", "<", "<=", ">", ">=");
  const assertion = fc.oneof(
    fc.record({
      kind: fc.constant("json" as const),
      path: fc.constantFrom("a", "a[0]", "$"),
      op,
      value: scalar,
    }),
    fc.record({
      kind: fc.constant("json-matches" as const),
      path: fc.constantFrom("a", "$"),
      pattern: fc.constant("a+"),
    }),
    fc.record({
      kind: fc.constant("header" as const),
      name: fc.constantFrom("a", "b"),
      op,
      value: fc.string(),
    }),
  );
  const body = fc.oneof(fc.string(), fc.json());
  fc.assert(
    fc.property(
      assertion,
      body,
      fc.dictionary(fc.constantFrom("a", "b"), fc.string()),
      (one, text, headers) => {
        const failure = evaluate(compileAssertion(one), answer({ body: text, headers }));
        if (failure !== undefined) expect(failure.message).toMatch(/: found /u);
      },
    ),
  );
});
