/** What was found, beside what must hold: one row each. */
import { quantile } from "../../bench/support/target-log.ts";
import { REDO_MAX_MS, type Accountable, type Accounted, type KeptRecords } from "./account.ts";
import type { Fault } from "./arena.ts";
import type { TortureOptions } from "./options.ts";
import { KINDS, type Blow } from "./plan.ts";
import type { Population } from "./population.ts";
import type { Settled } from "./settle.ts";
import { seconds } from "./story.ts";
import type { Rained } from "./torture.ts";
import type { Watch } from "./watch.ts";
import type { World } from "./world.ts";

export interface Row {
  readonly what: string;
  readonly found: string;
  readonly goal: string;
  /** undefined: measured, not judged. */
  readonly holds?: boolean;
  /** What is wrong, one by one. */
  readonly evidence?: readonly string[];
}

export interface Findings {
  readonly options: TortureOptions;
  readonly world: World;
  readonly people: Population;
  readonly watch: Watch;
  readonly faults: readonly Fault[];
  readonly blows: readonly Blow[];
  readonly rained: Rained;
  readonly end: Settled;
  readonly kept: KeptRecords;
  readonly account: Accounted;
  readonly all: readonly Accountable[];
}

/** With less the audit would be content though hardly anything was captured; how much depends on the machine. */
const CAPTURED_LEAST = 0.25;

export function verdict(findings: Findings): Row[] {
  return [
    ...protocol(findings),
    ...captures(findings),
    ...arrivals(findings),
    ...measured(findings),
  ];
}

function none(what: string, found: readonly string[]): Row {
  const goal = "0";
  return { what, found: String(found.length), goal, holds: found.length === 0, evidence: found };
}

function protocol({ watch, end, blows, rained, options }: Findings): Row[] {
  // Nothing may have been quarantined, and that is no fault of ours.
  const missing = KINDS.filter((kind) => kind !== "release" && !rained.hit.has(kind));
  const violations = watch.found.map(({ at, violation }) => `${new Date(at).toISOString()} ${violation.invariant}: ${violation.what}`); // prettier-ignore
  return [
    none(`${blows.length} blows: kinds that never hit anything`, missing),
    none("blows that could not be carried out", rained.failures),
    none(`invariants broken at one of ${watch.looks()} looks`, violations),
    none("stuck at the end: promises, cuts, requests, leases", end.stuck),
    {
      what: "healed to settled",
      found: seconds(end.afterMs),
      goal: `<= ${seconds(options.settleMs)}`,
      holds: end.afterMs <= options.settleMs + 5_000,
    },
  ];
}

function captures({ account, people, kept }: Findings): Row[] {
  const { due, captured } = account;
  const missed = [...account.missed].map(([reason, count]) => `${count} ${reason}`).join(", ");
  const readers = [...account.missed.values()].reduce((sum, count) => sum + count, 0);
  const booked = due - captured - account.lost.length;
  return [
    {
      what: `due ${due}: captured + missed`,
      found: `${captured} + ${booked}`,
      goal: `= ${due}`,
      holds: account.lost.length === 0,
      evidence: account.lost,
    },
    {
      what: "  missed, as readers see it",
      found: missed || "none",
      goal: `${booked} in all`,
      holds: readers === booked,
    },
    {
      what: "  captured of what was due",
      found: percent(captured, due),
      goal: `>= ${CAPTURED_LEAST * 100} %`,
      holds: captured >= due * CAPTURED_LEAST,
    },
    none("due, and lost", account.lost),
    none("read back twice", account.twice),
    none("captured for a round that isn't the target's", account.extra),
    none(`of ${people.known.size} targets registered: never captured`, account.neverCaptured),
    none(`of ${people.asked.length} captures asked for: not taken since`, account.unanswered),
    none(`of ${kept.chunks} chunks: lines that can't be read`, kept.broken),
  ];
}

function arrivals({ account }: Findings): Row[] {
  const { arrivals: all, readBack, redone, redoneOldestMs, unexplained, invented } = account;
  return [
    {
      what: `${all} arrivals: read back + made again or lost by a fault`,
      found: `${readBack} + ${redone}`,
      goal: `= ${all}`,
      holds: readBack + redone === all,
      evidence: unexplained,
    },
    none("arrivals that no fault in their slot explains", unexplained),
    {
      what: "made again or lost: oldest before its fault",
      found: seconds(redoneOldestMs),
      goal: `what is older than ${seconds(REDO_MAX_MS)} is unexplained`,
    },
    {
      what: "share of the time in which a slot had any fault near",
      found: percent(account.excusedMs, account.slotMs),
      goal: "measured",
    },
    none("read back as a success, and never arrived", invented),
  ];
}

function measured({ account, faults, all, world, options }: Findings): Row[] {
  const lateness = Float64Array.from(account.lateness).sort();
  const recovery = Float64Array.from(faults.flatMap((fault) => recoveriesMs(fault, all))).sort();
  const owned = world.deployments.reduce((sum, { owners }) => sum + owners.all().length, 0);
  const errors = world.deployments.flatMap((deployment) => deployment.errors);
  const { answersLost, landedLate, cut } = world.proxy.counts;
  const causes = [...account.redoneBy].map(([kind, count]) => `${count} ${kind}`);
  return [
    {
      what: "made again or lost, by the fault that explains it best",
      found: causes.join(", ") || "none",
      goal: "measured",
    },
    {
      what: `${recovery.length} owners killed: to a capture in their slots again`,
      found: quantiles(recovery),
      goal: `measured (one alone: p99 <= ${seconds(options.ttlMs + 2_500)})`,
    },
    { what: "start after the target's own instant", found: quantiles(lateness), goal: "measured" },
    { what: "leases taken", found: String(owned), goal: "measured" },
    { what: "answers of the store lost", found: String(answersLost), goal: "measured" },
    { what: "requests landed after their sender gave up", found: String(landedLate), goal: "measured" }, // prettier-ignore
    { what: "connections to the store cut", found: String(cut), goal: "measured" },
    {
      what: "errors that functions logged",
      found: String(errors.length),
      goal: "measured",
      evidence: [...new Set(errors)].slice(0, 200),
    },
  ];
}

const UNDERWAY_MS = 500;

/** To the first arrival that isn't the dead one's own, for each lease that lost its owner. */
function recoveriesMs({ from, killed }: Fault, all: readonly Accountable[]): number[] {
  return killed.flatMap((slots) => {
    const firsts = all.flatMap(({ known, arrivals: moments }) => {
      const next = moments.find((at) => at > from + UNDERWAY_MS);
      return slots.has(known.slot) && next !== undefined ? [next] : [];
    });
    return firsts.length === 0 ? [] : [Math.min(...firsts) - from];
  });
}

function quantiles(sorted: Float64Array): string {
  if (sorted.length === 0) return "none";
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => seconds(quantile(sorted, q)));
  return `p50 ${p50} p99 ${p99} max ${max}`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "nothing was due" : `${((100 * part) / whole).toFixed(1)} %`;
}
