import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { buildProgram } from "#cli/program.ts";
import { exitCodes } from "#cli/exit-codes.ts";
import { runCli } from "./run-cli.ts";

/** Every command and subcommand by its words. */
function commandsOf(command: Command, words: readonly string[] = []): (readonly string[])[] {
  return command.commands.flatMap((sub) => {
    const named = [...words, sub.name()];
    return [named, ...commandsOf(sub, named)];
  });
}

const program = buildProgram({
  io: {
    stdout: { write: () => Promise.resolve(), style: (_, text) => text, isTerminal: false, columns: 80 }, // prettier-ignore
    stderr: { write: () => Promise.resolve(), style: (_, text) => text, isTerminal: false, columns: 80 }, // prettier-ignore
    stdin: (async function* () {})(),
    environment: {},
    progressStream: process.stderr,
    signals: { interrupted: () => new AbortController().signal, atEnd: () => () => undefined },
  },
  settle: () => undefined,
});

describe("help", () => {
  const commands = commandsOf(program).filter((words) => words.at(-1) !== "help");

  test("covers every command", () => {
    const names = commands.map((words) => words.join(" "));
    expect(names).toEqual(
      expect.arrayContaining([
        "check",
        "try",
        "status",
        "samples",
        "leases",
        "invoke",
        ...["import", "add", "remove", "list", "show", "capture"].map((name) => `targets ${name}`),
      ]),
    );
  });

  test.each(commands.map((words) => words.join(" ")))(
    "of %s has examples and is no error",
    async (name) => {
      const { code, out, err } = await runCli([...name.split(" "), "--help"]);
      expect(code).toBe(exitCodes.ok);
      expect(err).toBe("");
      expect(out).toContain("Usage: lamplighter");
      expect(out).toMatch(/^Examples:$/mu);
      expect(out).toMatch(/^ {2}(?:.*\| )?lamplighter /mu);
      expect(out).toContain("--json");
    },
  );

  test("of the program has every exit status", async () => {
    const { out } = await runCli(["--help"]);
    const table = out.slice(out.indexOf("Exit status:"));
    for (const status of Object.values(exitCodes)) expect(table).toMatch(new RegExp(`^  ${status} `, "mu")); // prettier-ignore
  });

  test("--version is that of the package, and of the Node that runs it", async () => {
    const { code, out, err } = await runCli(["--version"]);
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync("package.json", "utf8"))); // prettier-ignore
    expect({ code, out, err }).toEqual({
      code: exitCodes.ok,
      out: `lamplighter ${version} (Node ${process.version})\n`,
      err: "",
    });
  });

  test("without a command goes to standard error, with the status of a usage error", async () => {
    const { code, out, err } = await runCli([]);
    expect({ code, out }).toEqual({ code: exitCodes.usage, out: "" });
    expect(err).toContain("Usage: lamplighter");
  });
});

describe("a usage error", () => {
  test.each([
    [["statsu"], "Did you mean status?"],
    [["status", "--limt", "3"], "Did you mean --limit?"],
    [["status", "--limit", "x"], 'Found "x", expected a whole number from 0 to 10000'],
    [["samples", "a", "--since", "5 parsecs"], "expected a span such as"],
    [["targets", "add", "http://x/", "--tag", "web"], 'Found "web", expected name=value'],
    [["targets", "list", "--tag", "=x"], "expected name=value"],
    [["invoke", "colect"], "Allowed choices are"],
    [["check"], "missing required argument"],
  ])("%j says what was found and what is expected", async (words, message) => {
    const { code, out, err } = await runCli(words);
    expect({ code, out }).toEqual({ code: exitCodes.usage, out: "" });
    expect(err).toContain(message);
  });
});
