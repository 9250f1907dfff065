/** One endpoint file by its path, with the certificate files beside it. */
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { InvalidInputError } from "#domain/errors.ts";
import type { Policies } from "#domain/policy.ts";
import { parseEndpointFile, type EndpointFile } from "#adapters/endpoint-files/endpoint-file.ts";
import { besideReader } from "#adapters/endpoint-files/files.ts";

/** @throws InvalidInputError when the file can't be read; what is wrong in it is in the answer. */
export async function loadEndpointFile(path: string, policies: Policies): Promise<EndpointFile> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    const found = cause instanceof TypeError ? "bytes that are no UTF-8" : "nothing readable";
    throw new InvalidInputError({ where: path, found, expected: "a .yml file" }, { cause });
  }
  const readBeside = besideReader(dirname(path), new Map());
  return parseEndpointFile(path, text, { policies, readBeside });
}
