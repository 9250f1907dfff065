import { describe, expect, it } from "vitest";
import { entry, problemsIn } from "./support.ts";

describe("a problem", () => {
  const cases: readonly (readonly [rule: string, text: string, problem: string])[] = [
    [
      "a misspelt field",
      entry("succes_test: {}"),
      '2:3: found unknown field "succes_test", expected a field of an endpoint: did you mean success_test?',
    ],
    [
      "another tool's word",
      entry("interval: 60s"),
      '2:3: found unknown field "interval", expected a field of an endpoint: did you mean cadence?',
    ],
    [
      "camel case",
      entry("followRedirects: true"),
      '2:3: found unknown field "followRedirects", expected a field of an endpoint: did you mean follow_redirects?',
    ],
    [
      "a key twice",
      "a.example/:\nb.example/:\na.example/:\n",
      '3:1: found the key "a.example/" a second time, expected each key once (first at line 1)',
    ],
    [
      "a field twice",
      entry("timeout: 1s", "timeout: 2s"),
      '3:3: found the key "timeout" a second time, expected each key once (first at line 2)',
    ],
    [
      "one target under two keys",
      "a.example/:\nA.example:443:\n",
      '2:1: found the target "a.example/" a second time, expected each target once (first at line 1): an id or a #name of its own',
    ],
    [
      "one id twice",
      "a.example/: { id: x }\nb.example/: { id: x }\n",
      '2:1: found the target "x" a second time, expected each target once (first at line 1): an id or a #name of its own',
    ],
    [
      "a scheme in the key",
      "http://a.example/x:\n",
      '1:1: found "http://a.example/x", expected host[:port]/path[?query][#name], e.g. www.example.com/health: leave out http:// and write scheme: http',
    ],
    ["a scheme that isn't one", entry("scheme: ftp"), '2:11: found "ftp", expected http or https'],
    [
      "a number without unit",
      entry("timeout: 5"),
      "2:12: found 5, expected a span with its unit, from 50ms to 1m, e.g. 10s",
    ],
    [
      "too long a time-out",
      entry("timeout: 2m"),
      '2:12: found "2m", expected a span with its unit, from 50ms to 1m, e.g. 10s',
    ],
    [
      "a cadence without unit",
      entry("cadence: 60"),
      "2:12: found 60, expected every <span>, e.g. every 60s, or alerting or standard (a span needs its unit: 60s?)",
    ],
    [
      "a cadence that is cron",
      entry('cadence: "* * * * *"'),
      '2:12: found "* * * * *", expected every <span>, e.g. every 60s, or alerting or standard; cron goes into cron_schedule',
    ],
    [
      "a policy that isn't one",
      entry("cadence: alert"),
      '2:12: found "alert", expected every <span>, e.g. every 60s, or alerting or standard',
    ],
    [
      "cron and cadence",
      entry('cron_schedule: "* * * * *"', "cadence: 60s"),
      "3:3: found cron_schedule and cadence together, expected one of them",
    ],
    [
      "six cron fields",
      entry('cron_schedule: "* * * * * *"'),
      '2:18: found "* * * * * *", expected five cron fields: minute hour day-of-month month day-of-week',
    ],
    [
      "a zone that isn't one",
      entry('cron_schedule: "* * * * *"', "time_zone: Europe/Berln"),
      '3:14: found "Europe/Berln", expected an IANA time zone such as Europe/Berlin or UTC',
    ],
    [
      "a zone without cron",
      entry("time_zone: UTC"),
      "2:3: found time_zone without cron_schedule, expected time_zone beside cron_schedule only",
    ],
    [
      "an unknown method",
      entry("method: GTE"),
      '2:11: found "GTE", expected a known name: did you mean GET?',
    ],
    [
      "a header twice",
      entry("headers: { A: x, a: y }"),
      "2:20: found header a a second time, expected each header once, in any case",
    ],
    [
      "a header of the connection",
      entry("headers: { Content-Length: 3 }"),
      "2:14: found header content-length, expected no such header: the connection sets it itself",
    ],
    [
      "a header with a line break",
      entry('headers: { a: "x\\r\\ny" }'),
      "2:17: found a header value with a line break, control or non-Latin character, expected printable characters",
    ],
    [
      "auth of two kinds",
      entry("auth: { bearer: x, basic: { username: a, password: b } }"),
      "2:9: found basic and bearer together, expected auth: { basic: { username, password } } or auth: { bearer: … }",
    ],
    [
      "auth beside its header",
      entry("headers: { authorization: x }", "auth: { bearer: x }"),
      "3:3: found auth beside an authorization header, expected one of them",
    ],
    [
      "too many redirects",
      entry("follow_redirects: 21"),
      "2:21: found 21, expected a whole number from 0 to 20",
    ],
    [
      "redirects in words",
      entry("follow_redirects: always"),
      '2:21: found "always", expected true, false, or how many at most (0 to 20)',
    ],
    [
      "yes, which YAML 1.2 takes for a text",
      entry("insecure: yes"),
      '2:13: found "yes", expected true or false',
    ],
    ["an IP version", entry("ip_version: 5"), "2:15: found 5, expected 4 or 6"],
    [
      "a proxy without port",
      entry("proxy: http://p.example"),
      '2:10: found "http://p.example", expected a forward proxy as http://host:port, without path and credentials',
    ],
    [
      "a proxy with credentials",
      entry("proxy: http://u:p@p.example:1"),
      "2:10: found a proxy with credentials, expected a forward proxy as http://host:port, without path and credentials",
    ],
    [
      "values that are no list",
      entry("response_json_values: status"),
      '2:25: found "status", expected a list of at most 50 paths, e.g. [status, app.version]',
    ],
    [
      "tags that are no map",
      entry("tags: [a]"),
      "2:9: found a list of 1, expected tags: a map of at most 50 names and texts, e.g. { team: web }",
    ],
    [
      "an id that is a number",
      entry("id: 7"),
      "2:7: found 7, expected a text that names the target (put quotes around it)",
    ],
    [
      "an empty id",
      entry('id: ""'),
      "2:7: found an empty id, expected 1 to 512 bytes of well-formed UTF-8 without control characters",
    ],
    [
      "an entry that is a text",
      "a.example/: up\n",
      '1:13: found "up", expected an endpoint: a map of fields such as id, name, enabled, cron_schedule, time_zone',
    ],
    [
      "a file that is a list",
      "- a.example/\n",
      "1:1: found a list of 1, expected a map of endpoints, e.g. www.example.com/health:",
    ],
    ["a tab", "a.example/:\n\ttimeout: 1s\n", "2:1: found a tab, expected spaces for indentation"],
    [
      "two documents",
      "a.example/:\n---\nb.example/:\n",
      "2:1: found a second YAML document, expected one document a file",
    ],
    [
      "an IPv6 key without quotes",
      "[::1]:8080/x:\n",
      '1:1: found a key that begins with [, expected quotes around a key with an IPv6 address: "[::1]:8080/health":',
    ],
    [
      "a comparison without quotes",
      entry("success_test: { key: a, op: >=, value: 3 }"),
      '2:31: found Plain value cannot start with block scalar indicator >, expected quotes around a comparison, e.g. op: ">="',
    ],
    [
      "an alias without anchor",
      entry("tags: *t"),
      "2:9: found alias *t, expected an anchor &t before it",
    ],
    [
      "an alias of itself",
      "a.example/: &a\n  tags: *a\n",
      "2:9: found alias *a inside its own anchor, expected an alias of something that has ended",
    ],
    [
      "a merge of no map",
      entry("<<: 3"),
      "2:7: found << with a value that is no map, expected an alias of a map: <<: *defaults",
    ],
    [
      "a tag",
      entry("timeout: !!js/function x"),
      expect.stringMatching(/^2:12: found Unresolved tag/u) as string,
    ],
    [
      "a certificate that is none",
      entry('ca: "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----"'),
      "2:7: found a PEM text that doesn't parse, expected one or more PEM certificates",
    ],
    [
      "a certificate file outside the folder",
      entry("ca: ../ca.pem"),
      '2:7: found "../ca.pem", expected PEM certificates (a path works in an endpoint file only)',
    ],
  ];

  it.each(cases)("names the place of %s", (_rule, text, problem) => {
    expect(problemsIn(text)).toEqual([problem]);
  });

  it("comes with all others of the file, in the order of their places", () => {
    const text = entry("timeout: 5", "insecure: maybe", "cadance: 1m", "method: 3");
    expect(problemsIn(text).map((line) => line.split(": ", 1)[0])).toEqual([
      "2:12",
      "3:13",
      "4:3",
      "5:11",
    ]);
  });

  it("refuses certificate files outside the folder, and private keys", () => {
    const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
    expect(problemsIn(entry("ca: ../ca.pem"), () => "")[0]).toMatch(
      /a path relative to the endpoint file, within its folder$/u,
    );
    expect(problemsIn(entry("ca: /etc/passwd"), () => "")[0]).toMatch(
      /^2:7: found "\/etc\/passwd"/u,
    );
    expect(problemsIn(entry("ca: ca.pem"), () => key)).toEqual([
      '2:7: found "ca.pem", a file with a private key, expected certificates only',
    ]);
    expect(problemsIn(entry("ca: ca.pem"), () => undefined)[0]).toMatch(/which can't be read/u);
  });
});
