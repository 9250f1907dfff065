/**
 * A folder of endpoint files, watched: what has changed in it, one change at a time.
 *
 * Wakes: an event of the file system, or `pollEveryMs` without one (network mounts and some
 * containers have no events). A change is read once nothing has moved for `settleMs`, so that a
 * file is not read while it is being written.
 *
 * In:    folder, options, onChange                      Out: a watch that can be closed
 * Holds: changes are told in order, the next after `onChange` has resolved; one that it rejects
 *        is told again, with all that came since, at the next wake. Unchanged targets are never
 *        told. When the folder can't be listed everything stays, and that is a problem.
 * Fails: the first read, with InvalidInputError, or as `onChange` fails; nothing after it.
 */
import { watch as watchFiles } from "node:fs";
import { InvalidInputError } from "#domain/errors.ts";
import { fingerprint } from "#domain/fingerprint.ts";
import { limits } from "#domain/limits.ts";
import { sleep, type Clock } from "#ports/clock.ts";
import type { SourcedTarget } from "./endpoint-file.ts";
import {
  EMPTY_FOLDER,
  folderSignature,
  readEndpointFolder,
  type FileReport,
  type FolderOptions,
  type FolderSnapshot,
} from "./folder.ts";
import { formatNotice, formatProblem, type Notice, type Problem } from "./problem.ts";

export interface FolderChange {
  readonly added: readonly SourcedTarget[];
  readonly changed: readonly SourcedTarget[];
  /** Ids. */
  readonly removed: readonly string[];
  readonly unchanged: number;
  /** All that stand now, old ones included. */
  readonly problems: readonly Problem[];
  readonly notices: readonly Notice[];
  readonly files: readonly FileReport[];
  /** False while something could not be read: then an absent target proves nothing. */
  readonly complete: boolean;
}

/** Calls `wake` when something in the folder may have changed; the returned function ends it. */
export type FolderEvents = (dir: string, wake: () => void) => () => void;

export interface WatchOptions extends FolderOptions {
  readonly clock: Clock;
  readonly settleMs?: number;
  readonly pollEveryMs?: number;
  /** The file system's own unless given. */
  readonly events?: FolderEvents;
}

export interface FolderWatch {
  /** Resolves when nothing is open and no change is being told; not to be awaited in `onChange`. */
  close(): Promise<void>;
}

export type OnFolderChange = (change: FolderChange) => Promise<void> | void;

/** Resolves when the folder as it is has been told as the first change. */
export async function watchEndpointFolder(
  dir: string,
  options: WatchOptions,
  onChange: OnFolderChange,
): Promise<FolderWatch> {
  const {
    clock,
    settleMs = limits.endpointSettleMs,
    pollEveryMs = limits.endpointPollEveryMs,
    events = fileSystemEvents,
  } = options;
  // Taken before the read, so that what changes meanwhile is seen at the next look.
  let signature = folderSignature(dir, EMPTY_FOLDER);
  let told = await readEndpointFolder(dir, options, EMPTY_FOLDER);
  await onChange(difference(EMPTY_FOLDER, told));

  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  let alarm = new AbortController();
  const stopEvents = events(dir, () => {
    alarm.abort();
  });

  /** Waits until two looks in a row are the same. */
  async function settled(): Promise<string> {
    let seen = folderSignature(dir, told);
    for (let tries = 0; tries < limits.endpointSettleTriesMax && !isClosing(); tries += 1) {
      await sleep(clock, settleMs, closing.signal);
      const now = folderSignature(dir, told);
      if (now === seen) break;
      seen = now;
    }
    return seen;
  }

  async function look(): Promise<void> {
    if (isClosing()) return;
    const same = folderSignature(dir, told) === signature;
    if (same && !told.unread) return;
    const seen = same ? signature : await settled();
    if (isClosing()) return;
    const next = await readEndpointFolder(dir, options, told).catch((error: unknown) =>
      unlisted(dir, told, error),
    );
    const change = difference(told, next);
    // Only what has been told counts as known; else it is told again.
    if (!isEmpty(change, told)) await onChange(change);
    told = next;
    signature = seen;
  }

  async function run(): Promise<void> {
    while (!isClosing()) {
      await sleep(clock, pollEveryMs, alarm.signal);
      alarm = new AbortController();
      // Whoever rejects a change knows why; it is told again at the next wake.
      await look().catch(() => undefined);
    }
  }

  const running = run();
  return {
    async close() {
      stopEvents();
      closing.abort();
      alarm.abort();
      await running;
    },
  };
}

function fileSystemEvents(dir: string, wake: () => void): () => void {
  try {
    const watcher = watchFiles(dir, wake);
    // A watch that breaks (a folder that goes, no inotify watches left) leaves the polling.
    watcher.on("error", () => {
      watcher.close();
    });
    return () => {
      watcher.close();
    };
  } catch {
    return () => undefined;
  }
}

/** The folder as it was, with the reason why it can't be read now. */
function unlisted(dir: string, told: FolderSnapshot, error: unknown): FolderSnapshot {
  if (!(error instanceof InvalidInputError)) throw error;
  const { found, expected } = error.place;
  return {
    ...told,
    problems: [{ file: dir, line: 1, column: 1, found, expected }],
    complete: false,
  };
}

function difference(before: FolderSnapshot, now: FolderSnapshot): FolderChange {
  const added: SourcedTarget[] = [];
  const changed: SourcedTarget[] = [];
  for (const [id, sourced] of now.byId) {
    const known = before.byId.get(id);
    if (known === undefined) added.push(sourced);
    else if (known !== sourced && !isSame(known, sourced)) changed.push(sourced);
  }
  const removed = [...before.byId.keys()].filter((id) => !now.byId.has(id));
  const { problems, notices, files, complete } = now;
  return {
    added,
    changed,
    removed,
    unchanged: now.byId.size - added.length - changed.length,
    problems,
    notices,
    files,
    complete,
  };
}

function isSame(a: SourcedTarget, b: SourcedTarget): boolean {
  return fingerprint(a.target, "") === fingerprint(b.target, "");
}

function isEmpty(change: FolderChange, told: FolderSnapshot): boolean {
  if (change.added.length + change.changed.length + change.removed.length > 0) return false;
  const lines = ({ problems, notices }: FolderChange | FolderSnapshot): string =>
    [...problems.map(formatProblem), ...notices.map(formatNotice)].join("\n");
  return lines(change) === lines(told);
}
