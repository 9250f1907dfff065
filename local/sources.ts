/**
 * What is to be captured: endpoint files that are watched, or the demo's endpoints; registered, and
 * taken out again when they are no longer there.
 *
 * Holds: an unchanged target is not touched; a file that can't be read takes no target away.
 * Fails: InvalidInputError when the folder can't be listed at the start; DependencyError.
 */
import {
  watchEndpointFolder,
  type FolderChange,
  type FolderWatch,
} from "#adapters/endpoint-files/watch.ts";
import { formatNotice, formatProblem } from "#adapters/endpoint-files/problem.ts";
import type { Policies } from "#domain/policy.ts";
import type { TargetDefinition } from "#domain/target.ts";
import type { EpochMs } from "#domain/units.ts";
import type { ConfigurationState, ConfigurationStore } from "#ports/configuration-store.ts";
import type { Log } from "#ports/log.ts";
import {
  registerTargets,
  type RegistrationDeps,
  type RegistrationProgress,
} from "#usecases/register-targets.ts";
import { removeTargets } from "#usecases/remove-targets.ts";
import type { CloudListener } from "./events.ts";
import { readRegistered, writeRegistered, type Registered } from "./registered.ts";

export interface SourceOptions {
  readonly deps: Omit<RegistrationDeps, "log"> & {
    /** Where the health check reads how much of the configuration was refused. */
    readonly configuration: ConfigurationStore;
  };
  readonly pool: string;
  readonly slotsLog2: number;
  readonly policies: Policies;
  /** File that remembers what was registered from where. */
  readonly registeredPath: string;
  readonly emit: CloudListener;
}

const DEMO_SOURCE = "demo";
const SILENT: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

function quiet(): void {
  // What matters of a registration is in its report.
}

export interface TargetSources {
  /** Whether files (not the demo) have registered something here in an earlier run. */
  hasOwn(): Promise<boolean>;
  /** Aborting ends it after the slots that are being written; repeating it goes on. */
  registerDemo(definitions: readonly TargetDefinition[], signal: AbortSignal): Promise<void>;
  watch(dir: string, signal: AbortSignal): Promise<FolderWatch>;
}

interface Difference {
  readonly wanted: readonly { readonly target: TargetDefinition; readonly file: string }[];
  readonly gone: readonly string[];
}

export function targetSources(options: SourceOptions): TargetSources {
  const { deps, pool, slotsLog2, policies, registeredPath, emit } = options;
  const note = (level: "info" | "warn" | "error", text: string): void =>
    emit({ kind: "note", level, text });

  async function apply({ wanted, gone }: Difference, signal: AbortSignal): Promise<void> {
    const registered = new Map(await readRegistered(registeredPath));
    for (const { target, file } of wanted) registered.set(target.id, file);
    await writeRegistered(registeredPath, registered);
    if (wanted.length > 0)
      await register(
        wanted.map(({ target }) => target),
        signal,
      );
    if (gone.length === 0 || signal.aborted) return;
    await removeTargets(deps, { pool, slotsLog2 }, gone);
    for (const id of gone) registered.delete(id);
    await writeRegistered(registeredPath, registered);
    note("info", `${count(gone.length, "target")} removed`);
  }

  async function register(
    targets: readonly TargetDefinition[],
    signal: AbortSignal,
  ): Promise<void> {
    const settings = { pool, slotsLog2, policies };
    const onProgress = progressNotes(targets.length, note);
    const options = { signal, onProgress };
    const report = await registerTargets({ ...deps, log: SILENT }, settings, targets, options);
    const { added, changed, unchanged, refusals, refused } = report;
    for (const { where, found, expected } of refusals) {
      note("error", `${where}: found ${found}, expected ${expected}`);
    }
    if (refused > refusals.length) note("error", `${refused - refusals.length} more refused`);
    const end = report.end === "complete" ? "" : "; the rest follows at the next start";
    const text = `${count(added, "target")} added, ${changed} changed, ${unchanged} as they were`;
    note("info", text + end);
  }

  let toldProblems = new Set<string>();
  function tellProblems(change: FolderChange): void {
    const problems = new Set(change.problems.map(formatProblem));
    for (const problem of problems) {
      if (!toldProblems.has(problem)) note("error", problem);
    }
    for (const problem of toldProblems) {
      if (!problems.has(problem)) note("info", `mended: ${problem}`);
    }
    for (const { file, targets, kept } of change.files) {
      if (kept) note("warn", `${file} keeps its last good ${count(targets, "target")}`);
    }
    toldProblems = problems;
  }

  /** What an earlier run registered and this folder no longer has. */
  function leftOver(registered: Registered, change: FolderChange): string[] {
    if (!change.complete) return [];
    const present = new Set(change.added.map(({ target }) => target.id));
    const broken = new Set(
      change.files.filter(({ problems }) => problems.length > 0).map(({ file }) => file),
    );
    return [...registered].flatMap(([id, file]) =>
      present.has(id) || broken.has(file) ? [] : [id],
    );
  }

  return {
    async hasOwn() {
      const files = [...(await readRegistered(registeredPath)).values()];
      return files.some((file) => file !== DEMO_SOURCE);
    },
    async registerDemo(definitions, signal) {
      const present = new Set(definitions.map(({ id }) => id));
      const registered = await readRegistered(registeredPath);
      const gone = [...registered].flatMap(([id, file]) =>
        file === DEMO_SOURCE && !present.has(id) ? [id] : [],
      );
      const wanted = definitions.map((target) => ({ target, file: DEMO_SOURCE }));
      await apply({ wanted, gone }, signal);
    },
    watch(dir, signal) {
      let isFirst = true;
      return watchEndpointFolder(dir, { policies, clock: deps.clock }, async (change) => {
        tellProblems(change);
        await deps.configuration.put(configurationState(pool, deps.clock.now(), change));
        if (isFirst) {
          for (const notice of change.notices) note("info", formatNotice(notice));
        }
        const wanted = [...change.added, ...change.changed].map(({ target, source }) => ({
          target,
          file: source.file,
        }));
        const gone = isFirst
          ? leftOver(await readRegistered(registeredPath), change)
          : change.removed;
        await apply({ wanted, gone }, signal);
        isFirst = false;
      });
    },
  };
}

/**
 * What the health check counts as refused: files that did not load as they stand, and one more where
 * something is wrong with the folder itself, as with files that are too many to be read.
 */
export function configurationState(
  pool: string,
  readAt: EpochMs,
  change: Pick<FolderChange, "files" | "problems">,
): ConfigurationState {
  const refused = change.files.filter(({ problems }) => problems.length > 0).length;
  const inFiles = change.files.reduce((sum, { problems }) => sum + problems.length, 0);
  return {
    pool,
    readAt,
    accepted: change.files.length - refused,
    refused: refused + (change.problems.length > inFiles ? 1 : 0),
    problems: change.problems.map(formatProblem),
  };
}

const PROGRESS_EVERY_MS = 2_000;

/** What takes longer than two seconds is told as it goes on. */
function progressNotes(
  total: number,
  note: (level: "info", text: string) => void,
): (progress: RegistrationProgress) => void {
  let toldAt = performance.now();
  return ({ done }) => {
    if (done === total || performance.now() - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = performance.now();
    note("info", `registering: ${done} of ${total} targets`);
  };
}

function count(n: number, word: string): string {
  return n === 1 ? `1 ${word}` : `${n} ${word}s`;
}
