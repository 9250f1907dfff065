/**
 * Files as the folder sees them: whether they have changed, and what lies beside them.
 *
 * Calls are synchronous: a stat takes 2 µs, and a folder of a thousand files is looked at every
 * few seconds, once (1,000 signatures: 4 ms, November 2026).
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ReadBeside } from "./certificates.ts";

/** `size:modified:changed:inode`, or `absent`; symbolic links are followed. */
export function signatureOf(file: string): string {
  try {
    const { size, mtimeNs, ctimeNs, ino } = statSync(file, { bigint: true });
    return `${size}:${mtimeNs}:${ctimeNs}:${ino}`;
  } catch {
    return "absent";
  }
}

/** Paths of everything in a folder that isn't hidden, sorted; of a folder that can't be listed, a mark. */
export function namesIn(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => !name.startsWith("."));
    return names.sort().map((name) => join(folder, name));
  } catch {
    return [`${folder} can't be listed`];
  }
}

const BESIDE_BYTES_MAX = 65_536;

/** Reads files in `folder` and adds what they looked like to `signatures`. */
export function besideReader(folder: string, signatures: Map<string, string>): ReadBeside {
  return (relativePath) => {
    const file = join(folder, relativePath);
    const signature = signatureOf(file);
    signatures.set(file, signature);
    if (signature === "absent" || Number(signature.split(":", 1)[0]) > BESIDE_BYTES_MAX)
      return undefined;
    try {
      return readFileSync(file, "utf8");
    } catch {
      return undefined;
    }
  };
}
