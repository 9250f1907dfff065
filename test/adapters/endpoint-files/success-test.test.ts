import { describe, expect, it } from "vitest";
import { entry, onlyHttp, problemsIn } from "./support.ts";

const OK = { kind: "status", allowed: [[200, 299]] };

describe("success_test", () => {
  it.each([
    ["{ key: status, value: ok }", { kind: "json", path: "status", op: "==", value: "ok" }],
    [
      "{ key: a.b[0].c, op: '>=', value: 3 }",
      { kind: "json", path: "a.b[0].c", op: ">=", value: 3 },
    ],
    ["{ key: up, value: true }", { kind: "json", path: "up", op: "==", value: true }],
    ["{ key: error, value: null }", { kind: "json", path: "error", op: "==", value: null }],
    [
      "{ key: version, matches: '^2[.]' }",
      { kind: "json-matches", path: "version", pattern: "^2[.]" },
    ],
    ["{ body_matches: welcome }", { kind: "body-matches", pattern: "welcome" }],
    [
      "{ header: Content-Type, value: text/html }",
      { kind: "header", name: "content-type", op: "==", value: "text/html" },
    ],
    ["{ header: age, op: '<', value: 60 }", { kind: "header", name: "age", op: "<", value: "60" }],
    [
      "{ header: age, matches: '^[0-9]+$' }",
      { kind: "header-matches", name: "age", pattern: "^[0-9]+$" },
    ],
    ["{ latency_ms: '< 500' }", { kind: "latency", op: "<", value: 500 }],
    ["{ certificate_days: '>14' }", { kind: "certificate-days", op: ">", value: 14 }],
  ])("reads %s, and asks for 2xx first", (test, assertion) => {
    expect(onlyHttp(entry(`success_test: ${test}`)).assertions).toEqual([OK, assertion]);
  });

  it.each([
    ["200", [200]],
    ['"204"', [204]],
    ["2xx", [[200, 299]]],
    ['[200, 204, "300-399"]', [200, 204, [300, 399]]],
  ])("reads status %s, in place of 2xx", (status, allowed) => {
    const { assertions } = onlyHttp(entry(`success_test: { status: ${status} }`));
    expect(assertions).toEqual([{ kind: "status", allowed }]);
  });

  it("takes a list, of which all must hold, in its order", () => {
    const { assertions } = onlyHttp(
      entry("success_test:", "  - { latency_ms: '< 500' }", "  - { status: 301 }"),
    );
    expect(assertions.map(({ kind }) => kind)).toEqual(["latency", "status"]);
  });

  it.each([
    ["[]", "2:17: found an empty list, expected 1 to 50 tests"],
    [
      "ok",
      '2:17: found "ok", expected a test: a map of fields such as key, status, latency_ms, body_matches, header',
    ],
    [
      "{}",
      "2:17: found a test of nothing, expected one of key, status, latency_ms, body_matches, header, certificate_days",
    ],
    [
      "{ key: status }",
      "2:19: found key without value, expected value (with op or without), or matches",
    ],
    [
      "{ key: a, status: 200 }",
      "2:17: found key and status in one test, expected one subject a test: write a list of tests",
    ],
    [
      "{ key: a, value: 1, matches: b }",
      "2:27: found value beside matches, expected matches, or value (with op or without)",
    ],
    [
      "{ key: a, op: '=', value: 1 }",
      '2:31: found "=", expected one of "==", "!=", "<", "<=", ">", ">="',
    ],
    [
      "{ key: a, op: '<', value: true }",
      "2:43: found true, expected a number or a text, which < can put in order",
    ],
    [
      "{ key: a, value: [1] }",
      "2:34: found a list of 1, expected a text, a finite number, true, false or null",
    ],
    [
      "{ key: a, value: .inf }",
      "2:34: found .inf, expected a text, a finite number, true, false or null",
    ],
    ["{ status: 99 }", "2:27: found 99, expected a whole number from 100 to 599"],
    [
      "{ status: '299-200' }",
      '2:27: found "299-200", expected a status from 100 to 599, or a range such as "200-299"',
    ],
    [
      "{ status: 200, op: '<' }",
      '2:32: found op beside status, expected status alone, e.g. status: [200, 204, "300-399"]',
    ],
    [
      "{ latency_ms: 500 }",
      '2:31: found 500, expected a comparison with a number, in quotes: latency_ms: "< 500"',
    ],
    [
      "{ latency: '< 500' }",
      '2:19: found unknown field "latency", expected a field of a test: did you mean latency_ms?',
    ],
    ["{ header: 'a b', value: x }", '2:27: found "a b", expected the name of a header'],
  ])("refuses %s at its place", (test, problem) => {
    expect(problemsIn(entry(`success_test: ${test}`))).toEqual([problem]);
  });

  it("refuses paths and patterns that can't be used, where they stand", () => {
    expect(problemsIn(entry("success_test: { key: 'a..b', value: 1 }"))).toEqual([
      expect.stringMatching(/^2:24: found "a\.\.b", expected a path/u),
    ]);
    expect(problemsIn(entry("success_test: { body_matches: '(' }"))).toEqual([
      expect.stringMatching(/^2:33: found "\(" .*expected a regular expression in RE2 syntax/u),
    ]);
    expect(problemsIn(entry("success_test: { body_matches: '(?=x)' }"))).toEqual([
      expect.stringMatching(/^2:33: /u),
    ]);
  });
});
