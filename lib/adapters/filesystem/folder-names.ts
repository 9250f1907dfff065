/**
 * The names in a folder that somebody else may remove at any time.
 */
import { readdir } from "node:fs/promises";
import { codeOf, storeFailure } from "./store-failure.ts";

/**
 * In no order; empty when there is no such folder.
 * @throws DependencyError when it can't be read.
 */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw storeFailure(`list ${folder}`, cause);
  }
}
