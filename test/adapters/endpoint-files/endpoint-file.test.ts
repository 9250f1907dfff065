import { describe, expect, it } from "vitest";
import { entry, onlyHttp, onlyTarget, parse, problemsIn } from "./support.ts";

describe("an endpoint file", () => {
  it("fills in the defaults: https, GET, every 60 s, 10 s, status 200 to 299", () => {
    expect(onlyTarget("www.example.com/health:")).toEqual({
      id: "www.example.com/health",
      probe: {
        kind: "http",
        url: "https://www.example.com/health",
        method: "GET",
        headers: {},
        timeoutMs: 10_000,
        redirectsMax: 5,
        insecure: false,
        keep: [],
        assertions: [{ kind: "status", allowed: [[200, 299]] }],
      },
      cadence: { kind: "every", periodMs: 60_000 },
      tags: {},
    });
  });

  it("reads every field", () => {
    const text = `
api.example.com:8443/v1?x=1#eu:
  id: api-eu
  name: The API
  enabled: true
  scheme: http
  method: post
  headers: { Accept: text/html, x-count: 007 }
  body: hello
  auth: { basic: { username: me, password: { $ref: env:LAMPLIGHTER_SECRET_P, hosts: API.example.com } } }
  timeout: 2s
  follow_redirects: 3
  insecure: true
  ip_version: 6
  proxy: http://proxy.example.com:3128
  cron_schedule: "0 8 * * 1-5"
  time_zone: Europe/Berlin
  spread: 0
  response_json_values: [status, "a.b[0]", status]
  success_test: { status: 201 }
  tags: { team: web, number: 007, on: true }
`;
    expect(onlyTarget(text)).toEqual({
      id: "api-eu",
      name: "The API",
      probe: {
        kind: "http",
        url: "http://api.example.com:8443/v1?x=1",
        method: "POST",
        headers: { accept: "text/html", "x-count": "007" },
        body: "hello",
        auth: {
          kind: "basic",
          username: "me",
          password: { $ref: "env:LAMPLIGHTER_SECRET_P", hosts: ["api.example.com"] },
        },
        timeoutMs: 2_000,
        redirectsMax: 3,
        insecure: true,
        ipVersion: 6,
        proxy: "http://proxy.example.com:3128",
        keep: ["status", "a.b[0]"],
        assertions: [{ kind: "status", allowed: [201] }],
      },
      cadence: {
        kind: "cron",
        expression: "0 8 * * 1-5",
        timeZone: "Europe/Berlin",
        spreadMs: 0,
      },
      tags: { team: "web", number: "007", on: "true" },
    });
  });

  it("says at which line each target stands", () => {
    const { targets } = parse("# first\na.example/:\n\nb.example/:\n  name: B\n");
    expect(targets.map(({ source }) => source)).toEqual([
      { file: "web.yml", line: 2, column: 1 },
      { file: "web.yml", line: 4, column: 1 },
    ]);
  });

  it("takes an empty file, or one of comments, for one without endpoints", () => {
    expect(parse("")).toEqual({ targets: [], problems: [], notices: [] });
    expect(parse("# nothing yet\n")).toEqual({ targets: [], problems: [], notices: [] });
  });

  it("leaves a disabled target out, says so, and checks it all the same", () => {
    const { targets, notices } = parse(entry("enabled: false"));
    expect(targets).toEqual([]);
    expect(notices).toMatchObject([{ line: 1, column: 1, kind: "disabled" }]);
    expect(problemsIn(entry("enabled: false", "timeout: 5"))).toHaveLength(1);
  });

  it.each(["post_endpoint", "post_service", "self"])(
    "recognises %s as not acted on yet",
    (name) => {
      const { targets, notices, problems } = parse(entry(`${name}: { anything: [1, 2] }`));
      expect(problems).toEqual([]);
      expect(targets).toHaveLength(1);
      expect(notices).toEqual([
        {
          file: "web.yml",
          line: 2,
          column: 3,
          kind: "reserved",
          message: `${name} is not acted on yet`,
        },
      ]);
    },
  );

  it("expands anchors and merge keys, the entry's own fields first", () => {
    const text = [
      "a.example/: &base",
      "  timeout: 3s",
      "  tags: { team: web }",
      "b.example/:",
      "  <<: *base",
      "  timeout: 4s",
    ].join("\n");
    const [a, b] = parse(text).targets;
    expect(a?.target.probe).toMatchObject({ timeoutMs: 3_000 });
    expect(b?.target).toMatchObject({ tags: { team: "web" }, probe: { timeoutMs: 4_000 } });
  });

  it("loads nothing of a file with one problem", () => {
    expect(parse("a.example/:\nb.example/:\n  timeout: 5\n").targets).toEqual([]);
  });

  it("takes __proto__ for a name like any other", () => {
    expect(problemsIn(entry("__proto__: { insecure: true }"))).toEqual([
      expect.stringMatching(/^2:3: found unknown field "__proto__"/u),
    ]);
    const { tags } = onlyTarget(entry("tags: { __proto__: x }"));
    expect(Object.entries(tags)).toEqual([["__proto__", "x"]]);
    expect(({} as Record<string, unknown>)["insecure"]).toBeUndefined();
  });
});

describe("a path with an index, between braces", () => {
  it("needs no quotes, though YAML would have them", () => {
    const { keep, assertions } = onlyHttp(
      entry(
        'success_test: { key: a.b[0].c, op: ">=", value: 3 }',
        "response_json_values: [x[1][2].y, z]",
      ),
    );
    expect(keep).toEqual(["x[1][2].y", "z"]);
    expect(assertions[1]).toMatchObject({ path: "a.b[0].c" });
  });

  it("leaves places as they are, and errors as they would be without it", () => {
    expect(problemsIn(entry("success_test: { key: a.b[0].c, op: 3, value: 3 }"))).toEqual([
      expect.stringMatching(/^2:38: found 3, expected one of/u),
    ]);
    expect(problemsIn(entry("success_test: { key: a.b[0], value: @ }"))[0]).toMatch(/^2:27: /u);
  });

  it("never changes characters of the private use area", () => {
    const name = "\uE000 and \uE001";
    expect(onlyTarget(entry(`name: "${name}"`)).name).toBe(name);
    expect(problemsIn(entry('name: "\\uE000"', "response_json_values: [a[0]]"))).not.toEqual([]);
  });
});

describe("limits of a file", () => {
  it("stops at an alias bomb, at once", () => {
    const lines = ["a.example/: { x: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1] }"];
    for (let level = 1; level < 12; level += 1) {
      lines.push(`b${level}.example/: { x: &a${level} [${`*a${level - 1}, `.repeat(9)}] }`);
    }
    expect(problemsIn(lines.join("\n"))).toEqual([
      expect.stringMatching(/found more than 200000 values, aliases expanded/u),
    ]);
  });

  it("refuses deep nesting, of any depth", () => {
    for (const depth of [40, 5_000, 20_000]) {
      const [first] = problemsIn(`a.example/: ${"[".repeat(depth)}`);
      expect(first).toMatch(/nested too deeply|Flow sequence/u);
    }
    expect(problemsIn(`a.example/: { tags: ${"[".repeat(40)}${"]".repeat(40)} }`)).toEqual([
      expect.stringMatching(/^1:\d+: found values nested too deeply, expected at most 32 levels$/u),
    ]);
  });

  it("refuses a file over 1 MiB without reading it", () => {
    expect(problemsIn("#".repeat(1_048_577))).toEqual([
      expect.stringMatching(/^1:1: found 1048577 bytes/u),
    ]);
  });

  it("reports at most fifty problems", () => {
    const text = Array.from({ length: 80 }, (_, index) => `h${index}.example/: { x: 1 }`).join(
      "\n",
    );
    expect(problemsIn(text)).toHaveLength(50);
  });

  it("refuses a target that would not fit its record", () => {
    expect(problemsIn(entry(`body: "${"x".repeat(32_000)}"`))).toEqual([
      expect.stringMatching(/^1:1: found a target of \d+ bytes, expected at most 31744 bytes$/u),
    ]);
  });
});
