/**
 * A folder of endpoint files: `*.yml`, in the order of their names, not recursive.
 *
 * Subfolders are left alone, so that one folder is one file list that can be read at a glance and
 * watched as a whole (a mounted configuration keeps its versions in hidden subfolders). Hidden
 * files, which editors and mounts leave behind, are passed over in silence; `.yaml` files and
 * subfolders are named in a notice.
 *
 * In:    the folder, and what it was before             Out: a snapshot: targets, problems, notices
 * Holds: a file with problems keeps its last good targets (on the first load it has none); a
 *        target that two files define is named at both, and stays as it last was; a file is
 *        parsed again only when it, or a certificate file it names, has changed.
 * Fails: InvalidInputError when the folder can't be listed.
 */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InvalidInputError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import type { Policies } from "#domain/policy.ts";
import { besideReader, namesIn, signatureOf } from "./files.ts";
import { parseEndpointFile, type EndpointFile, type SourcedTarget } from "./endpoint-file.ts";
import type { Notice, Problem } from "./problem.ts";

export interface FolderOptions {
  readonly policies: Policies;
}

export interface FileReport {
  readonly file: string;
  /** How many targets it has loaded, last good ones included. */
  readonly targets: number;
  /** Whether the targets are those of an earlier, good state of the file. */
  readonly kept: boolean;
  readonly problems: readonly Problem[];
}

export interface EndpointFolder {
  /** In the order of files and lines. */
  readonly targets: readonly SourcedTarget[];
  readonly files: readonly FileReport[];
  /** Those of all files, and of the folder itself. */
  readonly problems: readonly Problem[];
  readonly notices: readonly Notice[];
  /** False while something could not be read: then an absent target proves nothing. */
  readonly complete: boolean;
}

interface FileState {
  readonly file: string;
  /** Of the file and of the certificate files it names. */
  readonly signatures: ReadonlyMap<string, string>;
  readonly parsed: EndpointFile;
  /** The targets of its last good state. */
  readonly good: readonly SourcedTarget[];
}

/** A folder with what is needed to read it again. */
export interface FolderSnapshot extends EndpointFolder {
  /** Whether something could not be read that may be readable later, unchanged. */
  readonly unread: boolean;
  readonly states: ReadonlyMap<string, FileState>;
  readonly byId: ReadonlyMap<string, SourcedTarget>;
}

export const EMPTY_FOLDER: FolderSnapshot = {
  targets: [],
  files: [],
  problems: [],
  notices: [],
  complete: true,
  unread: false,
  states: new Map(),
  byId: new Map(),
};

/** @throws InvalidInputError when the folder can't be listed. */
export async function loadEndpointFolder(
  dir: string,
  options: FolderOptions,
): Promise<EndpointFolder> {
  return readEndpointFolder(dir, options, EMPTY_FOLDER);
}

/** @throws InvalidInputError when the folder can't be listed. */
export async function readEndpointFolder(
  dir: string,
  options: FolderOptions,
  before: FolderSnapshot,
): Promise<FolderSnapshot> {
  const listing = await listFolder(dir);
  const states: FileState[] = [];
  for (const file of listing.files) {
    const state = await readState(file, options, before.states.get(file));
    if (state !== undefined) states.push(state);
  }
  return snapshot(states, listing, before);
}

/** Changes when anything has that could change what the folder loads; never throws. */
export function folderSignature(dir: string, known: FolderSnapshot): string {
  const beside = [...known.states.values()].flatMap(({ signatures }) => [...signatures.keys()]);
  const files = new Set([...namesIn(dir), ...beside]);
  return [...files].map((file) => `${file}=${signatureOf(file)}`).join("\n");
}

interface Listing {
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
  readonly notices: readonly Notice[];
}

async function listFolder(dir: string): Promise<Listing> {
  const files: string[] = [];
  const notices: Notice[] = [];
  const ignore = (name: string, message: string): void => {
    notices.push({ file: join(dir, name), line: 1, column: 1, kind: "ignored", message });
  };
  const entries = await readdir(dir, { withFileTypes: true }).catch((cause: unknown) => {
    throw new InvalidInputError(
      { where: dir, found: reasonOf(cause), expected: "a folder of .yml files" },
      { cause },
    );
  });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory()) ignore(entry.name, "a subfolder is not read");
    else if (entry.name.endsWith(".yml")) files.push(join(dir, entry.name));
    else if (/\.ya?ml$/iu.test(entry.name))
      ignore(entry.name, "not read: endpoint files end in .yml");
  }
  if (files.length <= limits.endpointFilesMax) return { files, problems: [], notices };
  const found = `${files.length} files`;
  const expected = `at most ${limits.endpointFilesMax}; those from ${files[limits.endpointFilesMax] ?? ""} on are not read`;
  return {
    files: files.slice(0, limits.endpointFilesMax),
    problems: [{ file: dir, line: 1, column: 1, found, expected }],
    notices,
  };
}

const UNREAD = "unread";

/** One file, with the certificate files it names. Never rejects: what can't be read is a problem. */
export async function loadEndpointFile(
  file: string,
  options: FolderOptions,
): Promise<EndpointFile> {
  return readOne(file, options, new Map());
}

/** Adds to `signatures` what the file and those it names looked like just before they were read. */
async function readOne(
  file: string,
  options: FolderOptions,
  signatures: Map<string, string>,
): Promise<EndpointFile> {
  const signature = signatureOf(file);
  signatures.set(file, signature);
  const size = Number(signature.split(":", 1)[0]);
  if (size > limits.endpointFileBytesMax) {
    return failed(
      file,
      `${size} bytes`,
      `at most ${limits.endpointFileBytesMax} bytes: split the file, or import JSON Lines`,
    );
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
    return parseEndpointFile(file, text, {
      policies: options.policies,
      readBeside: besideReader(dirname(file), signatures),
    });
  } catch (cause) {
    // It may be readable later without having changed.
    signatures.set(file, UNREAD);
    return failed(file, reasonOf(cause), "a readable file in UTF-8");
  }
}

function failed(file: string, found: string, expected: string): EndpointFile {
  return { targets: [], problems: [{ file, line: 1, column: 1, found, expected }], notices: [] };
}

/** undefined when the file has gone since the folder was listed. */
async function readState(
  file: string,
  options: FolderOptions,
  before: FileState | undefined,
): Promise<FileState | undefined> {
  if (signatureOf(file) === "absent") return undefined;
  if (before !== undefined && !hasChanged(before.signatures)) return before;
  const signatures = new Map<string, string>();
  const parsed = await readOne(file, options, signatures);
  return {
    file,
    signatures,
    parsed,
    good: parsed.problems.length > 0 ? (before?.good ?? []) : parsed.targets,
  };
}

function hasChanged(signatures: ReadonlyMap<string, string>): boolean {
  return [...signatures].some(([file, signature]) => signatureOf(file) !== signature);
}

function reasonOf(cause: unknown): string {
  if (cause instanceof TypeError) return "bytes that are no UTF-8";
  return cause instanceof Error && "code" in cause
    ? `an unreadable one (${String(cause.code)})`
    : "an unreadable one";
}

function snapshot(
  states: readonly FileState[],
  listing: Listing,
  before: FolderSnapshot,
): FolderSnapshot {
  const definitions = Map.groupBy(
    states.flatMap(({ good }) => good),
    ({ target }) => target.id,
  );
  const byId = new Map<string, SourcedTarget>();
  const conflicts: Problem[] = [];
  for (const [id, sourced] of definitions) {
    const [only, another] = sourced;
    const effective = another === undefined ? only : before.byId.get(id);
    if (effective !== undefined) byId.set(id, effective);
    if (another !== undefined) conflicts.push(...sourced.map((one) => conflict(one, sourced)));
  }
  const files = states.map((state) => fileReport(state, conflicts, byId));
  const problems = [...listing.problems, ...files.flatMap((file) => file.problems)];
  return {
    targets: [...byId.values()],
    files,
    problems,
    notices: [...listing.notices, ...states.flatMap(({ parsed }) => parsed.notices)],
    complete: problems.length === 0,
    unread: states.some(({ file, signatures }) => signatures.get(file) === UNREAD),
    states: new Map(states.map((state) => [state.file, state])),
    byId,
  };
}

function conflict(one: SourcedTarget, all: readonly SourcedTarget[]): Problem {
  const others = all
    .filter((other) => other !== one)
    .map(({ source }) => `${source.file}:${source.line}`);
  return {
    ...one.source,
    found: `the target ${JSON.stringify(one.target.id)}, which is also defined at ${others.join(", ")}`,
    expected: "each target in one file (neither is taken; what was loaded before stays)",
  };
}

function fileReport(
  state: FileState,
  conflicts: readonly Problem[],
  byId: ReadonlyMap<string, SourcedTarget>,
): FileReport {
  const { file, parsed, good } = state;
  return {
    file,
    targets: good.filter(({ target }) => byId.get(target.id)?.source.file === file).length,
    kept: parsed.problems.length > 0 && good.length > 0,
    problems: [...parsed.problems, ...conflicts.filter((problem) => problem.file === file)],
  };
}
