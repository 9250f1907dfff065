/** A bulk file, or standard input (`-`), as a stream that tells how far it has been read. */
import { open } from "node:fs/promises";
import { InvalidInputError } from "#domain/errors.ts";
import type { CliIo } from "../io.ts";

export interface OpenLines {
  /** How problems name it. */
  readonly name: string;
  readonly stream: AsyncIterable<Uint8Array | string>;
  /** Bytes read so far, of all; undefined where no one knows (standard input). */
  progress(): { readonly read: number; readonly total: number } | undefined;
}

/** @throws InvalidInputError when the file can't be opened. */
export async function openLines(io: CliIo, path: string): Promise<OpenLines> {
  if (path === "-") return { name: "<stdin>", stream: io.stdin, progress: () => undefined };
  const file = await open(path).catch((cause: unknown) => {
    const expected = "a file of JSON Lines, or - for standard input";
    throw new InvalidInputError({ where: path, found: "nothing readable", expected }, { cause });
  });
  const found = await file.stat();
  if (found.isDirectory()) {
    await file.close();
    const expected = "a file of JSON Lines (a folder of .yml files is for `lamplighter up`)";
    throw new InvalidInputError({ where: path, found: "a folder", expected });
  }
  const stream = file.createReadStream({ highWaterMark: 256 * 1024 });
  return {
    name: path,
    stream,
    progress: () => (found.size > 0 ? { read: stream.bytesRead, total: found.size } : undefined),
  };
}
