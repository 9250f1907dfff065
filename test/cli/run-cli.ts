/** Runs the command line: in this process with streams of our own, or as a process. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters, styleText } from "node:util";
import type { ExitCode } from "#cli/exit-codes.ts";
import type { CliIo, CliOutput } from "#cli/io.ts";
import { run } from "#cli/run.ts";

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly stdin?: string;
  /** A terminal this wide; else a file. */
  readonly columns?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function runCli(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const written = { out: "", err: "" };
  const output = (name: "out" | "err"): CliOutput => ({
    write(text) {
      written[name] += text;
      return Promise.resolve();
    },
    style: (style, text) => (options.columns === undefined ? text : styleText(style, text)),
    // Progress bars would be drawn on the test's own terminal.
    isTerminal: false,
    columns: options.columns,
  });
  const io: CliIo = {
    stdout: output("out"),
    stderr: output("err"),
    stdin: streamOf(options.stdin ?? ""),
    environment: { ...process.env, ...options.environment },
    progressStream: process.stderr,
    signals: {
      interrupted: () => new AbortController().signal,
      atEnd: () => () => undefined,
    },
  };
  const code: ExitCode = await run(words, io);
  return { code, ...written };
}

async function* streamOf(text: string): AsyncGenerator<string, void, undefined> {
  yield await Promise.resolve(text);
}

export const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** As a person runs it; `linesMax`: what reads its output ends after so many lines, as `head` does. */
export function spawnCli(words: readonly string[], linesMax?: number): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (linesMax !== undefined && out.split("\n").length > linesMax) child.stdout.destroy();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, out: stripVTControlCharacters(out), err: stripVTControlCharacters(err) });
    });
  });
}
