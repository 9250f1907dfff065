/**
 * Which targets a data folder's endpoint files (or its demo) have registered, by file: what is no
 * longer in them goes, what people added by hand stays.
 *
 * Holds: an id is in it before its target is registered and until it is removed, so a crash between
 *        forgets nothing.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import * as z from "zod";

const registeredSchema = z.record(z.string(), z.string());

/** Target's id to the file that defines it. */
export type Registered = ReadonlyMap<string, string>;

export async function readRegistered(path: string): Promise<Registered> {
  try {
    const known = registeredSchema.parse(JSON.parse(await readFile(path, "utf8")));
    return new Map(Object.entries(known));
  } catch {
    return new Map();
  }
}

export async function writeRegistered(path: string, registered: Registered): Promise<void> {
  await writeFile(`${path}.tmp`, JSON.stringify(Object.fromEntries(registered)), { flush: true });
  await rename(`${path}.tmp`, path);
}
