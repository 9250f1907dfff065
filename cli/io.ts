/**
 * What a command reads and writes: the process's own streams, or a test's.
 */
import { styleText } from "node:util";
import { processSignals, type Signals } from "./signals.ts";

/** Styles that we use, by meaning. */
export type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

export interface CliOutput {
  /** Resolves when more may be written: a slow reader slows the command down, not its memory. */
  write(text: string): Promise<void>;
  style(style: Style, text: string): string;
  readonly isTerminal: boolean;
  /** Characters in a line; undefined where lines have no end (files, pipes). */
  readonly columns: number | undefined;
}

export interface CliIo {
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The stream that progress bars are drawn on. */
  readonly progressStream: NodeJS.WriteStream;
  readonly signals: Signals;
}

export function processIo(): CliIo {
  const exitQuietly = (error: NodeJS.ErrnoException): void => {
    // Whoever read us (`head`) has seen enough.
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  };
  process.stdout.on("error", exitQuietly);
  process.stderr.on("error", exitQuietly);
  return {
    stdout: outputTo(process.stdout),
    stderr: outputTo(process.stderr),
    stdin: process.stdin,
    environment: process.env,
    progressStream: process.stderr,
    signals: processSignals(),
  };
}

function outputTo(stream: NodeJS.WriteStream): CliOutput {
  return {
    async write(text) {
      if (stream.write(text)) return;
      await new Promise<void>((resolve) => stream.once("drain", resolve));
    },
    // Looks at the stream, NO_COLOR and FORCE_COLOR.
    style: (style, text) => styleText(style, text, { stream }),
    isTerminal: stream.isTTY,
    columns: stream.isTTY ? stream.columns : undefined,
  };
}
