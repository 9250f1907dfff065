/** A bulk file, or standard input (`-`), as a stream that tells how far it has been read. */
import { createReadStream } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { InvalidInputError } from "#domain/errors.ts";
import type { CliIo } from "../io.ts";

const PIECE_BYTES = 64 * 1024;

export interface Lines {
  /** How problems name it. */
  readonly name: string;
  /** Opened when it is read. */
  readonly stream: AsyncIterable<Uint8Array | string>;
  /** Bytes read so far, of all; undefined where no one knows (standard input). */
  progress(): { readonly read: number; readonly total: number } | undefined;
}

/** @throws InvalidInputError when the file can't be read. */
export async function linesOf(io: CliIo, path: string): Promise<Lines> {
  if (path === "-") return { name: "<stdin>", stream: io.stdin, progress: () => undefined };
  const total = await sizeOf(path);
  let read = 0;
  // Counted as it is consumed: the stream itself reads ahead.
  async function* counted(): AsyncGenerator<Buffer, void, undefined> {
    for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
      const bytes = Buffer.from(piece as Uint8Array); // without an encoding a stream yields bytes
      read += bytes.length;
      yield bytes;
    }
  }
  return {
    name: path,
    stream: counted(),
    progress: () => (total > 0 ? { read, total } : undefined),
  };
}

async function sizeOf(path: string): Promise<number> {
  try {
    await access(path, constants.R_OK);
    const found = await stat(path);
    if (!found.isDirectory()) return found.size;
  } catch (cause) {
    const expected = "a file of JSON Lines, or - for standard input";
    throw new InvalidInputError({ where: path, found: "nothing readable", expected }, { cause });
  }
  const expected = "a file of JSON Lines (a folder of .yml files is for `lamplighter up`)";
  throw new InvalidInputError({ where: path, found: "a folder", expected });
}
