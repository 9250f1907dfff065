/**
 * What went wrong with a file, in words that say who acts.
 *
 * In:    what was tried, the error of node:fs             Out: DependencyError, retryable
 */
import { DependencyError } from "#domain/errors.ts";

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the disk: free some, or keep samples for a shorter time",
  EDQUOT: "the disk quota is used up",
  EACCES: "the folder may not be written: give this user the right to",
  EPERM: "this is not permitted to this user",
  EROFS: "the file system is read-only",
  EMFILE: "this process has too many files open",
  ENFILE: "this machine has too many files open",
  EIO: "the disk reports an error",
  ENOTDIR: "part of the path is a file, not a folder",
};

/** The code of an error of node:fs, such as `ENOENT`; undefined for any other. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** @param what in words: `keep chunk …`. */
export function storeFailure(what: string, cause: unknown): DependencyError {
  const code = codeOf(cause);
  const why =
    code === undefined ? String(cause) : `${WORDS[code] ?? "the file system refused"} (${code})`;
  return new DependencyError(`can't ${what}: ${why}`, { retryable: true, cause });
}
