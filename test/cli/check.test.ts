import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli, spawnCli } from "./run-cli.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lamplighter-check-"));
});
afterEach(() => rm(folder, { recursive: true }));

const put = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
const GOOD = "www.example.com/health:\n  cadence: every 60s\n";
const BAD = "www.example.com/:\n  cadense: every 60s\n";

describe("check", () => {
  test("says nothing but the counts where all is well", async () => {
    await put("a.yml", GOOD);
    expect(await runCli(["check", folder])).toEqual({
      code: 0,
      out: "1 file, 1 target, 0 problems\n",
      err: "",
    });
  });

  test("names file, line and column of what is wrong, found and expected, and answers 1", async () => {
    await put("a.yml", GOOD);
    await put("b.yml", BAD);
    const { code, out } = await runCli(["check", folder]);
    expect(code).toBe(1);
    expect(out).toContain(`${join(folder, "b.yml")}:2:3: found unknown field "cadense", expected `);
    expect(out).toContain("did you mean cadence?");
    expect(out).toContain("2 files, 1 target, 1 problem\n");
  });

  test("names both files that define one target", async () => {
    await put("a.yml", GOOD);
    await put("b.yml", GOOD);
    const { code, out } = await runCli(["check", folder]);
    expect(code).toBe(1);
    expect(out).toContain(`${join(folder, "a.yml")}:1:1: found the target`);
    expect(out).toContain(`also defined at ${join(folder, "a.yml")}:1`);
  });

  test("takes one file, and a bulk file of any length from standard input", async () => {
    await put("a.yml", BAD);
    expect((await runCli(["check", join(folder, "a.yml")])).code).toBe(1);
    const stdin = '{"url":"https://a.example/"}\n{"url":"nowhere"}\n';
    const { code, out } = await runCli(["check", "-"], { stdin });
    expect(code).toBe(1);
    expect(out).toContain("<stdin>:2:");
    expect(out).toContain("1 file, 1 target, 1 problem\n");
  });

  test("prints one JSON object a problem for programs", async () => {
    await put("b.yml", BAD);
    const { out } = await runCli(["check", folder, "--json"]);
    const [problem, ...rest] = out.trim().split("\n");
    expect(rest).toEqual([]);
    expect(JSON.parse(problem ?? "")).toMatchObject({ kind: "problem", line: 2, column: 3 });
  });

  test("refuses what isn't there as a usage error", async () => {
    const { code, err } = await runCli(["check", join(folder, "none")]);
    expect(code).toBe(2);
    expect(err).toContain("found nothing readable, expected a folder of .yml files");
  });

  test("lets no control character of a file through to the terminal", async () => {
    await put("b.yml", '"a\\e]0;owned\\a.example/": {}\n');
    const { code, out } = await runCli(["check", folder]);
    expect(code).toBe(1);
    // eslint-disable-next-line no-control-regex -- control characters are what it looks for
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/u);
  });

  test("ends quietly when its reader has seen enough", async () => {
    await put("many.jsonl", '{"url":"nowhere"}\n'.repeat(20_000));
    const { code, out, err } = await spawnCli(["check", join(folder, "many.jsonl")], 10);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n").length).toBeLessThan(20_000);
  });
});
