/**
 * What is wrong with an endpoint file or a bulk file, and where: for a person to act on.
 *
 * - Problem: the file (or the line) is refused because of it.
 * - Notice: it is accepted, and something in it has no effect.
 *
 * Holds: lines and columns count from 1, columns in UTF-16 units. Neither ever shows a secret.
 */
import { limits } from "#domain/limits.ts";

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Place {
  readonly file: string;
  readonly found: string;
  /** What to write instead, with a suggestion where there is one. */
  readonly expected: string;
}

export type NoticeKind =
  /** A reserved field, not acted on yet. */
  | "reserved"
  /** `enabled: false`: the target is left out. */
  | "disabled"
  /** A file or folder that is not read. */
  | "ignored";

export interface Notice extends Place {
  readonly file: string;
  readonly kind: NoticeKind;
  readonly message: string;
  /** The target's id, where the whole entry is meant: of those that are disabled. */
  readonly target?: string;
}

/** `web.yml:12:5: found "GTE", expected …` */
export function formatProblem(problem: Problem): string {
  return `${formatPlace(problem)}: found ${problem.found}, expected ${problem.expected}`;
}

export function formatNotice(notice: Notice): string {
  return `${formatPlace(notice)}: ${notice.message}`;
}

function formatPlace(at: Place & { readonly file: string }): string {
  return `${at.file}:${at.line}:${at.column}`;
}

/** Collects what is found in one file; never more than `limits.endpointProblemsMax` problems. */
export interface Report {
  readonly file: string;
  readonly problems: readonly Problem[];
  readonly notices: readonly Notice[];
  /** Always undefined, typed as what a reader would have returned, so that it can end with this. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- a plain undefined counts as void, which may not be returned
  problem<T>(place: Place, found: string, expected: string): T | undefined;
  notice(place: Place, kind: NoticeKind, message: string, target?: string): void;
}

export function newReport(file: string): Report {
  const problems: Problem[] = [];
  const notices: Notice[] = [];
  return {
    file,
    problems,
    notices,
    problem({ line, column }, found, expected) {
      if (problems.length < limits.endpointProblemsMax) {
        problems.push({ file, line, column, found, expected });
      }
      return undefined;
    },
    notice({ line, column }, kind, message, target) {
      const whose = target !== undefined && { target };
      notices.push({ file, line, column, kind, message, ...whose });
    },
  };
}
