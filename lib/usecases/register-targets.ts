/**
 * Makes definitions targets of a pool: from what people wrote to records that collectors capture.
 *
 * Slot by slot: write what is new or changed, then touch every schedule concerned (of both cadences,
 * when it changes), then put the slot's request, and only then count it as done.
 *
 * In:    definitions, streamed                           Out: RegistrationReport
 * Holds: what is reported as done is captured from then on. Every step is idempotent; an import that
 *        was interrupted anywhere is repaired by repeating it. Memory is bounded: see batch.ts.
 * Fails: DependencyError when the store does: what was acknowledged stays, repeat for the rest.
 *        A definition that can't be kept is refused by itself, in the report.
 * Source: DESIGN, section 4, "Registration".
 */
import type { CadenceKey } from "#domain/cadence.ts";
import { DependencyError, type InputPlace } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import type { Slot } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { epochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { Ids } from "#ports/ids.ts";
import type { Invoker } from "#ports/invoker.ts";
import type { Log } from "#ports/log.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import {
  batchBuilder,
  type Batch,
  type RegistrationSettings,
  type Wanted,
} from "./register-targets/batch.ts";
import { eachLimited } from "./register-targets/each-limited.ts";
import { patiently } from "./register-targets/patiently.ts";
import { putPaced } from "./register-targets/put-paced.ts";
import {
  isNews,
  registrationSteps,
  slotChanges,
  type SlotChanges,
} from "./register-targets/slot-changes.ts";

export type { RegistrationSettings } from "./register-targets/batch.ts";

export interface RegistrationDeps {
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Starts the rebalancer, so that an idle fleet begins at once and not within a minute. */
  readonly invoker?: Invoker;
}

export interface RegistrationProgress {
  /** Definitions taken from the source. */
  readonly read: number;
  /** Definitions acknowledged: the sum of the next three. */
  readonly done: number;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

export interface RegistrationReport extends RegistrationProgress {
  /** Slots that something was written to or read from. */
  readonly slots: number;
  /** Definitions that can't be kept; the first of them in words. */
  readonly refused: number;
  readonly refusals: readonly InputPlace[];
  /** Definitions that a later one with the same id, in the same batch, has replaced. */
  readonly replaced: number;
  readonly replacedIds: readonly string[];
  /** `interrupted`: the signal was aborted; what is counted is acknowledged, repeat for the rest. */
  readonly end: "complete" | "interrupted";
}

export interface RegistrationOptions {
  readonly onProgress?: (progress: RegistrationProgress) => void;
  /** Aborting ends after the slots that are being written. */
  readonly signal?: AbortSignal;
}

type Definitions = AsyncIterable<TargetDefinition> | Iterable<TargetDefinition>;

export async function registerTargets(
  deps: RegistrationDeps,
  settings: RegistrationSettings,
  definitions: Definitions,
  options: RegistrationOptions = {},
): Promise<RegistrationReport> {
  const tally = newTally(options.onProgress);
  const touched = new Map<Slot, Set<CadenceKey>>();
  const builder = batchBuilder(settings);
  const isStopped = (): boolean => options.signal?.aborted === true;

  const flush = async (): Promise<void> => {
    const batch = builder.take();
    const requested = await registerBatch({ deps, settings, tally, touched, options }, batch);
    if (requested) await startRebalancer(deps, settings.pool);
  };

  for await (const definition of definitions) {
    if (isStopped()) break;
    tally.read(definition.id, builder.add(definition));
    if (builder.isFull()) await flush();
  }
  if (!isStopped()) await flush();
  const report = tally.report(touched.size, isStopped() ? "interrupted" : "complete");
  deps.log.info("targets registered", { pool: settings.pool, ...counts(report) });
  return report;
}

/** Not started, it comes by its schedule: no reason to call the registration a failure. */
async function startRebalancer({ invoker, log }: RegistrationDeps, pool: string): Promise<void> {
  try {
    await invoker?.startRebalancer(pool);
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error;
    log.warn("rebalancer not started; it runs within a minute by its schedule", { pool, error });
  }
}

function counts(report: RegistrationReport): Readonly<Record<string, number | string>> {
  const { added, changed, unchanged, refused, slots, end } = report;
  return { added, changed, unchanged, refused, slots, end };
}

interface Import {
  readonly deps: RegistrationDeps;
  readonly settings: RegistrationSettings;
  readonly tally: Tally;
  /** By slot, the schedules that this import has touched. */
  readonly touched: Map<Slot, Set<CadenceKey>>;
  readonly options: RegistrationOptions;
}

/** Whether a capture was asked for. */
async function registerBatch(run: Import, batch: Batch): Promise<boolean> {
  let requested = false;
  await eachLimited(
    [...batch.bySlot],
    limits.registrationSlotsAtOnce,
    async ([slot, wanted]) => {
      const changes = await registerInSlot(run, slot, wanted);
      requested ||= isNews(changes);
      run.tally.acknowledge(changes);
    },
    run.options.signal,
  );
  return requested;
}

async function registerInSlot(
  { deps, settings, touched }: Import,
  slot: Slot,
  wanted: ReadonlyMap<string, Wanted>,
): Promise<SlotChanges> {
  const { schedules, requests, clock, ids, log } = deps;
  const { pool } = settings;
  const now = epochMs(Math.floor(clock.now()));
  const contents = await patiently(clock, () => schedules.readSlot(pool, slot));
  const { broken } = contents;
  if (broken.length > 0)
    log.error("targets left out: their records can't be read", { slot, broken });
  const touchedHere = touched.get(slot) ?? new Set<CadenceKey>();
  touched.set(slot, touchedHere);
  const changes = slotChanges({ pool, contents, wanted, now, touched: touchedHere });
  for (const step of registrationSteps(changes)) {
    switch (step.kind) {
      case "targets":
        await putPaced(deps, { pool, slot, writes: step.writes });
        break;
      case "touch": {
        const { cadence, wasEmpty, from } = step.touch;
        const touch = { cadence, wasEmpty };
        await patiently(clock, () => schedules.touchSchedule(pool, slot, touch, from));
        touchedHere.add(cadence);
        break;
      }
      case "request": {
        const keys = { kind: "keys", resultKeys: [] } as const;
        await patiently(clock, () =>
          requests.put({ pool, slot, fresh: true, keys, stamp: ids.stamp() }),
        );
      }
    }
  }
  return changes;
}

interface Tally {
  read(id: string, added: ReturnType<ReturnType<typeof batchBuilder>["add"]>): void;
  acknowledge(changes: SlotChanges): void;
  report(slots: number, end: RegistrationReport["end"]): RegistrationReport;
}

function newTally(onProgress: RegistrationOptions["onProgress"]): Tally {
  const refusals: InputPlace[] = [];
  const replacedIds: string[] = [];
  let [read, added, changed, unchanged, refused, replaced] = [0, 0, 0, 0, 0, 0];
  const progress = (): RegistrationProgress => {
    return { read, done: added + changed + unchanged, added, changed, unchanged };
  };
  return {
    read(id, outcome) {
      read += 1;
      if (outcome.kind === "replaced") {
        replaced += 1;
        if (replacedIds.length < limits.registrationRefusalsShown) replacedIds.push(id);
      }
      if (outcome.kind === "refused") {
        refused += 1;
        if (refusals.length < limits.registrationRefusalsShown) refusals.push(outcome.place);
      }
    },
    acknowledge(changes) {
      added += changes.added;
      changed += changes.changed;
      unchanged += changes.unchanged;
      onProgress?.(progress());
    },
    report: (slots, end) => ({
      ...progress(),
      slots,
      refused,
      refusals,
      replaced,
      replacedIds,
      end,
    }),
  };
}
