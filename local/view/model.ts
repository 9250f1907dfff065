/**
 * What a live view knows of the targets: which are up, down, slow or waiting, since when.
 *
 * Fed from two sides: slots as stored (which targets there are, their last results) and samples as
 * they are kept (at once, with the failure in words). A newer capture counts, whichever side tells.
 *
 * Holds: at most `viewTargetsMax` targets; of those beyond, none is shown and the count says so.
 */
import type { SampleRecord } from "#domain/sample.ts";
import type { Slot } from "#domain/slot.ts";
import type { EpochMs } from "#domain/units.ts";
import type { TargetStatus } from "#usecases/status.ts";
import { localLimits } from "../local-limits.ts";

export type TargetRow =
  | { readonly kind: "waiting"; readonly id: string }
  | {
      readonly kind: "up" | "down";
      readonly id: string;
      /** First capture that was alike. */
      readonly since: EpochMs;
      readonly lastAt: EpochMs;
      readonly durationMs: number;
      /** Why it is down; the last failure of one that is up again. */
      readonly error?: string;
    };

export interface TargetChange {
  readonly id: string;
  readonly from: TargetRow["kind"];
  readonly to: "up" | "down";
  readonly at: EpochMs;
  /** How long it was as before. */
  readonly lastedMs: number;
  readonly error?: string;
}

export interface TargetCounts {
  readonly total: number;
  readonly up: number;
  readonly down: number;
  readonly slow: number;
  readonly waiting: number;
}

export interface ViewModel {
  /** All targets of a slot, as stored. */
  seeSlot(slot: Slot, statuses: readonly TargetStatus[], now: EpochMs): void;
  seeSample(sample: SampleRecord): void;
  counts(): TargetCounts;
  /** Down first (the newest first), then slow, up and waiting ones; at most `rowsMax`. */
  rows(rowsMax: number): readonly TargetRow[];
  /** Captures a second, over the last ten. */
  rate(now: EpochMs): { readonly captures: number; readonly failed: number };
}

const RATE_SECONDS = 10;

interface Second {
  readonly second: number;
  captures: number;
  failed: number;
}

type Known = Extract<TargetRow, { kind: "up" | "down" }>;

export function viewModel(onChange: (change: TargetChange) => void): ViewModel {
  const rows = new Map<string, TargetRow>();
  const bySlot = new Map<Slot, Set<string>>();
  const seconds: Second[] = [];

  /** A target is told as changed only from one state to another, not when it is first seen up. */
  function set(row: Known): void {
    const before = rows.get(row.id);
    if (before === undefined && rows.size >= localLimits.viewTargetsMax) return;
    rows.set(row.id, row);
    const from = before?.kind ?? "waiting";
    if (from === row.kind || (from === "waiting" && row.kind === "up")) return;
    const began = before === undefined || before.kind === "waiting" ? row.since : before.since;
    onChange({
      id: row.id,
      from,
      to: row.kind,
      at: row.since,
      lastedMs: row.since - began,
      ...(row.error !== undefined && { error: row.error }),
    });
  }

  function seeStatus({ target, state }: TargetStatus, now: EpochMs): void {
    const known = rows.get(target.id);
    // What samples have told is newer, and says more.
    if (known !== undefined && known.kind !== "waiting") return;
    if (state.kind === "waiting") {
      if (rows.size < localLimits.viewTargetsMax) {
        rows.set(target.id, { kind: "waiting", id: target.id });
      }
      return;
    }
    const { kind, since, durationMs } = state;
    const error = kind === "down" ? { error: state.failure } : {};
    set({ kind, id: target.id, since, lastAt: since > now ? now : since, durationMs, ...error });
  }

  function count(sample: SampleRecord): void {
    const second = Math.floor((sample.capture.startedAt + sample.capture.durationMs) / 1_000);
    let entry = seconds.find((known) => known.second === second);
    if (entry === undefined) {
      entry = { second, captures: 0, failed: 0 };
      seconds.push(entry);
      if (seconds.length > 3 * RATE_SECONDS) seconds.shift();
    }
    entry.captures += 1;
    if (sample.capture.failure !== undefined) entry.failed += 1;
  }

  return {
    seeSlot(slot, statuses, now) {
      const ids = new Set(statuses.map(({ target }) => target.id));
      for (const id of bySlot.get(slot) ?? []) {
        if (!ids.has(id)) rows.delete(id);
      }
      bySlot.set(slot, ids);
      for (const status of statuses) seeStatus(status, now);
    },
    seeSample(sample) {
      count(sample);
      const { target: id, capture, slot } = sample;
      // One that was removed meanwhile goes again with the next look at its slot.
      const inSlot = bySlot.get(slot) ?? new Set();
      bySlot.set(slot, inSlot.add(id));
      const before = rows.get(id);
      const known = before === undefined || before.kind === "waiting" ? undefined : before;
      if (known !== undefined && known.lastAt >= capture.startedAt) return;
      const kind = capture.failure === undefined ? "up" : "down";
      const error = capture.failure?.message ?? known?.error;
      set({
        kind,
        id,
        since: known?.kind === kind ? known.since : capture.startedAt,
        lastAt: capture.startedAt,
        durationMs: capture.durationMs,
        ...(error !== undefined && { error }),
      });
    },
    counts() {
      const counts = { total: rows.size, up: 0, down: 0, slow: 0, waiting: 0 };
      for (const row of rows.values()) {
        counts[row.kind] += 1;
        if (isSlow(row)) counts.slow += 1;
      }
      return counts;
    },
    rows: (rowsMax) => firstRows([...rows.values()], rowsMax),
    rate(now) {
      // The last second or two are still on their way: chunks are closed once a second.
      const to = Math.floor(now / 1_000) - 2;
      const counted = seconds.filter(({ second }) => second > to - RATE_SECONDS && second <= to);
      return {
        captures: counted.reduce((sum, second) => sum + second.captures, 0) / RATE_SECONDS,
        failed: counted.reduce((sum, second) => sum + second.failed, 0) / RATE_SECONDS,
      };
    },
  };
}

/** Up, but it takes long. */
export function isSlow(row: TargetRow): boolean {
  return row.kind === "up" && row.durationMs >= localLimits.viewSlowMs;
}

function isDown(row: TargetRow): row is Known {
  return row.kind === "down";
}

function firstRows(all: readonly TargetRow[], rowsMax: number): readonly TargetRow[] {
  const down = all.filter(isDown).sort((a, b) => b.since - a.since);
  const slow = all
    .filter((row) => row.kind === "up" && isSlow(row))
    .sort((a, b) => tookMs(b) - tookMs(a));
  const first = [...down, ...slow];
  if (first.length < rowsMax) {
    const rest = all.filter((row) => row.kind !== "down" && !isSlow(row));
    first.push(...firstUp(rest, rowsMax - first.length));
  }
  return first.slice(0, rowsMax);
}

/** Up before waiting; sorted by name where there are few enough to read. */
function firstUp(rest: readonly TargetRow[], rowsMax: number): readonly TargetRow[] {
  const up = rest.filter((row) => row.kind === "up");
  const waiting = rest.filter((row) => row.kind === "waiting");
  const chosen = [...up.slice(0, SORTED_MAX), ...waiting.slice(0, SORTED_MAX)];
  return chosen
    .sort((a, b) => a.kind.localeCompare(b.kind) || (a.id < b.id ? -1 : 1))
    .slice(0, rowsMax);
}

/** Beyond that nobody finds a row by its name on a screen. */
const SORTED_MAX = 1_000;

function tookMs(row: TargetRow): number {
  return row.kind === "waiting" ? 0 : row.durationMs;
}
