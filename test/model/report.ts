/** What the command tells of each world, and of all together. */
import type { Broken, Outcome } from "./explore.ts";

/** The goal: so many different states, in so many seconds on two cores. */
const STATES_GOAL = 10_000_000;
const SECONDS_GOAL = 600;

export interface WorldReport {
  readonly world: string;
  readonly states: number;
  readonly edges: number;
  readonly depth: number;
  readonly bytesPerState: number;
  readonly seconds: number;
  readonly stoppedAt: Outcome["stoppedAt"];
  readonly broken: Pick<Broken, "what" | "trace" | "timeline" | "pasteableTest"> | undefined;
}

export function reportOf(world: string, outcome: Outcome): WorldReport {
  const { states, edges, depth, bytesPerState, seconds, stoppedAt } = outcome;
  const shared = { world, states, edges, depth, bytesPerState, seconds, stoppedAt };
  if (outcome.kind === "holds") return { ...shared, broken: undefined };
  const { what, trace, timeline, pasteableTest } = outcome;
  return { ...shared, broken: { what, trace, timeline, pasteableTest } };
}

export function told(report: WorldReport): string {
  const { world, states, edges, depth, bytesPerState, seconds, stoppedAt, broken } = report;
  const ended =
    broken !== undefined
      ? "BROKEN"
      : stoppedAt === undefined
        ? "complete"
        : `stopped at the limit of ${stoppedAt}`;
  const line = [
    world.padEnd(24),
    `${grouped(states)} states`.padStart(18),
    `${grouped(edges)} steps`.padStart(18),
    `depth ${depth}`.padStart(9),
    `${bytesPerState.toFixed(0)} B/state`.padStart(12),
    `${grouped(states / Math.max(seconds, 0.001))} states/s`.padStart(18),
    `  ${ended}`,
  ].join(" ");
  if (broken === undefined) return line;
  return [
    line,
    "",
    `${world}: ${broken.what} (${broken.trace.length} steps)`,
    broken.timeline,
    "",
    "As a test:",
    broken.pasteableTest,
  ].join("\n");
}

export function summary(reports: readonly WorldReport[], seconds: number): string {
  const states = reports.reduce((sum, report) => sum + report.states, 0);
  const open = reports.filter(({ stoppedAt }) => stoppedAt !== undefined).length;
  return (
    `${reports.length} worlds, ${reports.length - open} of them to their end: ${grouped(states)} different states ` +
    `in ${seconds.toFixed(0)} s (goal: ${grouped(STATES_GOAL)} in ${SECONDS_GOAL} s)`
  );
}

function grouped(count: number): string {
  return Math.round(count).toLocaleString("en-GB");
}
