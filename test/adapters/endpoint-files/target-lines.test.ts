import { createReadStream } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "#domain/limits.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { formatNotice, formatProblem } from "#adapters/endpoint-files/problem.ts";
import { readTargetLines, type TargetLine } from "#adapters/endpoint-files/target-lines.ts";

const OPTIONS = { policies: POLICIES_DEFAULT, file: "t.jsonl" };

async function* pieces(
  parts: readonly (string | Uint8Array)[],
): AsyncGenerator<string | Uint8Array> {
  yield* parts;
  await Promise.resolve();
}

async function read(...parts: readonly (string | Uint8Array)[]): Promise<TargetLine[]> {
  const lines: TargetLine[] = [];
  for await (const line of readTargetLines(pieces(parts), OPTIONS)) lines.push(line);
  return lines;
}

function inWords(line: TargetLine): string {
  switch (line.kind) {
    case "target":
      return `${line.line}: ${line.target.id}`;
    case "problem":
      return formatProblem(line.problem);
    case "notice":
      return formatNotice(line.notice);
  }
}

async function wordsOf(...parts: readonly (string | Uint8Array)[]): Promise<string[]> {
  return (await read(...parts)).map(inWords);
}

describe("a bulk file", () => {
  it("reads a target a line, by url, endpoint or probe", async () => {
    const lines = await read(
      '{"url":"http://A.example/x?q=1#one","cadence":"alerting"}\n',
      '{"endpoint":"b.example/","scheme":"http","timeout":"2s"}\n',
      '{"probe":"noop","id":"n1","cadence":"every 10s"}\n',
    );
    expect(lines).toMatchObject([
      {
        kind: "target",
        line: 1,
        target: {
          id: "a.example/x?q=1#one",
          policy: "alerting",
          probe: { url: "http://a.example/x?q=1" },
        },
      },
      {
        kind: "target",
        line: 2,
        target: { id: "b.example/", probe: { url: "http://b.example/", timeoutMs: 2_000 } },
      },
      {
        kind: "target",
        line: 3,
        target: { id: "n1", probe: { kind: "noop" }, cadence: { periodMs: 10_000 } },
      },
    ]);
  });

  it("reports a bad line with its number and loads the good ones", async () => {
    expect(
      await wordsOf(
        '{"url":"https://a.example/"}\n',
        "nonsense\n\n  \r\n",
        '{"url":"https://b.example/","timeout":5}\n',
        '{"url":"https://c.example/"}',
      ),
    ).toEqual([
      "1: a.example/",
      't.jsonl:2:1: found "n", expected a JSON value',
      "t.jsonl:5:39: found 5, expected a span with its unit, from 50ms to 1m, e.g. 10s",
      "6: c.example/",
    ]);
  });

  it.each([
    [
      "[]",
      "1:1: found an empty list, expected a target: a map of fields such as url, endpoint, probe, id, name",
    ],
    ["{}", '1:1: found no url, expected "url", "endpoint", or "probe": "noop"'],
    [
      '{"url":"a.example/"}',
      '1:8: found "a.example/", expected an absolute URL that begins with http:// or https://',
    ],
    [
      '{"url":"https://a.example/","scheme":"http"}',
      "1:29: found scheme beside url, expected url alone, or endpoint with scheme",
    ],
    [
      '{"url":"https://a.example/","endpoint":"a.example"}',
      "1:29: found endpoint beside url, expected url alone, or endpoint with scheme",
    ],
    [
      '{"url":"https://a.example/","intervall":"60s"}',
      '1:29: found unknown field "intervall", expected a field of a target: one of',
    ],
    ['{"probe":"noop"}', "1:1: found no id, expected an id: it has no URL to be named after"],
    [
      '{"probe":"noop","id":"a","method":"GET"}',
      "1:26: found method beside probe noop, expected one of probe, id",
    ],
    ['{"probe":"ping","id":"a"}', '1:10: found "ping", expected http or noop'],
    [
      '{"url":"https://a.example/","ca":"ca.pem"}',
      '1:34: found "ca.pem", expected PEM certificates (a path works in an endpoint file only)',
    ],
  ])("refuses %s", async (line, problem) => {
    const words = await wordsOf(line);
    expect(words).toEqual([expect.stringContaining(`t.jsonl:${problem}`)]);
  });

  it("says what it leaves out", async () => {
    expect(
      await wordsOf(
        '{"url":"https://a.example/","enabled":false}\n{"url":"https://b.example/","self":1}\n',
      ),
    ).toEqual([
      "t.jsonl:1:1: a.example/ is disabled",
      "t.jsonl:2:29: self is not acted on yet",
      "2: b.example/",
    ]);
  });

  it("reports an over-long line once, whatever its length, and goes on", async () => {
    const long = `{"url":"https://a.example/${"x".repeat(limits.targetLineBytesMax)}"}`;
    const good = '\n{"url":"https://b.example/"}\n';
    const problem = `t.jsonl:1:1: found a longer line, expected at most ${limits.targetLineBytesMax} bytes a line`;
    expect(await wordsOf(long + good)).toEqual([problem, "2: b.example/"]);
    const megabyte = "x".repeat(1_048_576);
    expect(await wordsOf(...Array<string>(50).fill(megabyte), good)).toEqual([
      problem,
      "2: b.example/",
    ]);
  });

  it("reports bytes that are no UTF-8, and drops a byte order mark", async () => {
    expect(
      await wordsOf(
        "\uFEFF",
        '{"url":"https://a.example/"}\r\n',
        new Uint8Array([0xff, 0xfe, 0x0a]),
        '{"url":"https://b.example/"}',
      ),
    ).toEqual([
      "1: a.example/",
      "t.jsonl:2:1: found bytes that are no UTF-8, expected UTF-8",
      "3: b.example/",
    ]);
  });

  it("reads the same however the stream is cut", async () => {
    const bytes = Buffer.from(
      '{"url":"https://münchen.example/"}\n\nbad\n{"probe":"noop","id":"é","cadence":"1s"}\n',
      "utf8",
    );
    const whole = await wordsOf(bytes);
    expect(whole).toHaveLength(3);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
        const bounds = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const parts = bounds.slice(1).map((to, index) => bytes.subarray(bounds[index], to));
        expect(await wordsOf(...parts)).toEqual(whole);
      }),
      { numRuns: 100 },
    );
  });

  it("doesn't mind a stream that uses its buffer again", async () => {
    const bytes = Buffer.from(
      '{"url":"https://a.example/"}\n{"url":"https://b.example/"}\n',
      "utf8",
    );
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const buffer = Buffer.alloc(10);
      for (let from = 0; from < bytes.length; from += buffer.length) {
        const count = bytes.copy(buffer, 0, from);
        yield await Promise.resolve(buffer.subarray(0, count));
      }
    }
    const words: string[] = [];
    for await (const line of readTargetLines(reusing(), OPTIONS)) words.push(inWords(line));
    expect(words).toEqual(["1: a.example/", "2: b.example/"]);
  });

  it("yields while it reads, so that memory doesn't grow with the file", async () => {
    let produced = 0;
    async function* endless(): AsyncGenerator<string> {
      for (; ; produced += 1) {
        yield `{"probe":"noop","id":"n${produced}","cadence":"1s"}\n`;
        await Promise.resolve();
      }
    }
    let read = 0;
    for await (const line of readTargetLines(endless(), OPTIONS)) {
      read += line.kind === "target" ? 1 : 0;
      expect(produced).toBeLessThanOrEqual(read);
      if (read === 1_000) break;
    }
    expect(read).toBe(1_000);
  });

  it("loads the example", async () => {
    const kinds: string[] = [];
    for await (const line of readTargetLines(createReadStream("examples/targets.jsonl"), OPTIONS))
      kinds.push(line.kind);
    expect(kinds).toEqual(["target", "target", "target", "target"]);
  });
});
