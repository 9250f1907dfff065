/** README says only what is so: names of files, scripts, commands, fields and examples. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { parseEndpointFile } from "#adapters/endpoint-files/endpoint-file.ts";
import { COMMON_FIELDS, HTTP_FIELDS, RESERVED_FIELDS } from "#adapters/endpoint-files/entry.ts";
import { readTargetLines } from "#adapters/endpoint-files/target-lines.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { manifest } from "#functions/manifest.ts";
import { BUILT_IN } from "#local/demo/behaviours.ts";
import { stackId } from "../../infra/names.ts";
import { fields } from "../../infra/settings-fields.ts";
import { commandsIn, readDocument } from "./markdown.ts";
import { program, withActions } from "./program.ts";

const readme = readDocument("README.md");
const commands = commandsIn(readme);
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync("package.json", "utf8")));

/** Folders of the repository: what begins with one of them is a path. */
const PATH =
  /^(?:lib|functions|cli|local|infra|test|bench|examples|docs|\.ci)\/[\w./-]+$|^\.ci\/run$/u;

describe("README", () => {
  const paths = [...readme.spans, ...commands.flat()].filter((text) => PATH.test(text));

  test("names the stops of a capture, each with its files", () => {
    const table = readme.text.slice(readme.text.indexOf("## The path of a capture"));
    const rows = table.match(/^\| [^|]+ \| `[^|]+\|/gmu) ?? [];
    const stops = rows.map((row) => /^\| (?<stop>[^|]+) \|/u.exec(row)?.groups?.["stop"]);
    const designed = ["register", "plan", "start", "own", "due?", "capture", "keep", "commit", "tell"]; // prettier-ignore
    expect(stops).toEqual(expect.arrayContaining(designed));
  });

  test.each([...new Set(paths)])("names %s, which exists", (path) => {
    expect(existsSync(path)).toBe(true);
  });

  test("names npm scripts that exist", () => {
    const named = commands.flatMap(([npm, verb = "", name = ""]) => {
      if (npm !== "npm") return [];
      return verb === "run" ? [name] : ["start", "test"].includes(verb) ? [verb] : [];
    });
    expect(named).toEqual(expect.arrayContaining(["start", "test", "check", "bench:units"]));
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test("lists every field of an endpoint, and every reserved one", () => {
    const missing = [...COMMON_FIELDS, ...HTTP_FIELDS, ...RESERVED_FIELDS].filter(
      (field) => !readme.spans.includes(field),
    );
    expect(missing).toEqual([]);
  });

  test("counts the built-in endpoints", () => {
    expect(readme.text).toContain("captures eight built-in endpoints");
    expect(BUILT_IN).toHaveLength(8);
  });
});

describe("deploying, as README tells it", () => {
  const section = readme.text.slice(readme.text.indexOf("## Deploy"));
  const rows = section.match(/^\| (?:`\w+`(?:, )?)+ \| .*\|$/gmu) ?? [];
  const told = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`(?<name>\w+)`/gu)].map(({ groups }) => groups?.["name"]),
  ); // prettier-ignore

  test("has a row for each setting, and none that isn't there", () => {
    expect(told.toSorted()).toEqual(Object.keys(fields).toSorted());
  });

  test("sets nothing that is no setting", () => {
    const given = commands.flatMap((words) =>
      words.flatMap((word, at) => (words[at - 1] === "-c" ? [word.split("=")[0]] : [])),
    );
    expect(given).toEqual(expect.arrayContaining(["collectors", "architecture"]));
    expect(given.filter((name) => !told.includes(name))).toEqual([]);
  });
});

describe("sam, as README runs it", () => {
  const sam = commands.filter(([program, verb]) => program === "sam" && verb === "local");
  const valueOf = (words: readonly string[], ...names: readonly string[]): string =>
    words.find((_, at) => names.includes(words[at - 1] ?? "")) ?? "";

  test("invokes every function by its name in the template", () => {
    const invoked = sam.flatMap(([, , verb, name = ""]) => (verb === "invoke" ? [name] : []));
    expect([...new Set(invoked)].toSorted()).toEqual(
      Object.values(manifest).map(({ logicalId }) => logicalId).toSorted(),
    ); // prettier-ignore
  });

  test("has files that exist, and the template where the CDK puts it", () => {
    for (const words of sam) {
      expect(valueOf(words, "-t", "--template")).toBe(
        `cdk.out/${stackId("default")}.template.json`,
      );
      expect(existsSync(valueOf(words, "--env-vars"))).toBe(true);
      if (words[2] === "invoke") expect(existsSync(valueOf(words, "-e", "--event"))).toBe(true);
    }
  });

  test("uses the store's port that the environment file names, and the port of start-lambda", () => {
    const environment = readFileSync("examples/sam-env.json", "utf8");
    const listens = commands.map((words) => valueOf(words, "--store-listen")).filter(Boolean);
    expect(listens.length).toBeGreaterThan(0);
    for (const listen of listens) {
      expect(environment).toContain(`host.docker.internal:${listen.split(":").at(-1) ?? ""}"`);
    }
    const served = sam.filter(([, , verb]) => verb === "start-lambda");
    expect(served.length).toBeGreaterThan(0);
    for (const words of served) {
      expect(environment).toContain(`host.docker.internal:${valueOf(words, "--port")}"`);
    }
  });
});

describe("a command in README", () => {
  const lines = commands.flatMap(([program, ...words]) => {
    if (program === "npx" && words[0] === "lamplighter") return [words.slice(1)];
    return program === "npm" && words[0] === "start" ? [["up", ...words.slice(2)]] : [];
  });

  test("is shown for each command there is", () => {
    const shown = new Set(lines.map(([name]) => name));
    expect(program().commands.flatMap((command) => (shown.has(command.name()) ? [] : [command.name()]))).toEqual([]); // prettier-ignore
  });

  test.each(lines.map((words) => [words.join(" "), words] as const))(
    "%s is understood by the command line",
    async (_, words) => {
      const ran: string[] = [];
      const parser = withActions(program(), (name) => ran.push(name));
      // Help ends the parser too, and is no error.
      await parser.parseAsync(words, { from: "user" }).catch((error: unknown) => {
        expect(error).toMatchObject({ exitCode: 0 });
      });
      expect([...ran, ...words.filter((word) => word === "--help")]).toHaveLength(1);
    },
  );
});

describe("an example in README", () => {
  const [yaml = "", json = ""] = ["yaml", "json"].map(
    (wanted) => readme.blocks.find(({ language }) => language === wanted)?.text,
  );

  test("of an endpoint file loads", () => {
    const { targets, problems } = parseEndpointFile("README.md", yaml, {
      policies: POLICIES_DEFAULT,
    });
    expect(problems).toEqual([]);
    expect(targets.map(({ target }) => target.id)).toEqual([
      "www.example.com/health",
      "api.example.com/v1/orders?limit=1",
    ]);
  });

  test("of JSON Lines loads", async () => {
    const options = { file: "README.md", policies: POLICIES_DEFAULT };
    const kinds: string[] = [];
    for await (const { kind } of readTargetLines(textStream(json), options)) kinds.push(kind);
    expect(kinds).toEqual(["target", "target"]);
  });
});

async function* textStream(text: string): AsyncGenerator<string, void, undefined> {
  yield await Promise.resolve(text);
}

/** The command line's own parser. */
