/**
 * The status of a fleet: counts of all targets from their last results, then the worst of them with
 * the figures of the last 24 hours from their samples, as far as time allows.
 *
 * Exit: 0 none is down, 1 one is.
 */
import { after } from "#domain/units.ts";
import { listStatuses, type TargetStatus } from "#usecases/status.ts";
import { figuresOf, type Figures } from "#usecases/status/figures.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { System } from "../../connect/system.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { recordsInTime, warnOfBroken } from "../../input/records.ts";
import { count } from "../../output/count.ts";
import { printable } from "../../output/display.ts";
import { figuresJson } from "../../output/figures.ts";
import { formatLatency, formatPercent } from "../../output/moment.ts";
import { warnOfQuarantine } from "../../output/quarantine.ts";
import { progressBar } from "../../output/progress.ts";
import { table, type Column, type Row } from "../../output/table.ts";
import { lastText, sinceText, stateCell, statusJson } from "../../output/target-state.ts";
import type { StatusOptions } from "../status.ts";
import { showTarget } from "../targets/show.ts";

const DAY_MS = 86_400_000;
/** A person waits for this; what isn't read by then is left out, and said so. */
const FIGURES_WITHIN_MS = 3_000;

interface Fleet {
  readonly counts: Record<"up" | "down" | "waiting", number>;
  /** The worst first. */
  shown: readonly TargetStatus[];
}

interface Line {
  readonly status: TargetStatus;
  /** undefined where there was no time to read them. */
  readonly figures?: Figures;
}

export async function fleetStatus(context: Context, options: StatusOptions): Promise<ExitCode> {
  return withSystem(context, "read", async (system) => {
    const fleet = await readFleet(context, system, options);
    const lines = await withFigures(context, system, fleet.shown);
    await (context.options.json ? tellJson : tell)(context, system, fleet, lines);
    const leases = (await system.leases.readFleet(system.pool))?.leases ?? [];
    await warnOfQuarantine(context, leases, system.slotsLog2);
    return fleet.counts.down > 0 ? exitCodes.negative : exitCodes.ok;
  });
}

/** Exit: also 1 where there is no such target. */
export async function targetStatus(context: Context, id: string): Promise<ExitCode> {
  const shown = await showTarget(context, id);
  return shown?.status.state.kind === "down" || shown === undefined
    ? exitCodes.negative
    : exitCodes.ok;
}

async function readFleet(
  context: Context,
  system: System,
  { tag = [], limit }: StatusOptions,
): Promise<Fleet> {
  const fleet: Fleet = { counts: { up: 0, down: 0, waiting: 0 }, shown: [] };
  for await (const { statuses, broken } of listStatuses(system.schedules, system)) {
    for (const name of broken) await context.warn(`can't be read: ${printable(name)}`);
    const wanted = statuses.filter(({ target }) =>
      tag.every(({ name, value }) => target.tags[name] === value),
    );
    for (const { state } of wanted) fleet.counts[state.kind] += 1;
    fleet.shown = [...fleet.shown, ...wanted].toSorted(byUrgency).slice(0, limit);
  }
  return fleet;
}

const URGENCY = { down: 0, waiting: 1, up: 2 } as const;

/** Down before waiting before up; among those, what changed last. */
function byUrgency(a: TargetStatus, b: TargetStatus): number {
  const order = URGENCY[a.state.kind] - URGENCY[b.state.kind];
  if (order !== 0) return order;
  const since = ({ state }: TargetStatus): number => (state.kind === "waiting" ? 0 : state.since);
  return since(b) - since(a) || (a.target.id < b.target.id ? -1 : 1);
}

async function withFigures(
  context: Context,
  system: System,
  shown: readonly TargetStatus[],
): Promise<readonly Line[]> {
  const bar = progressBar(context.io, "reading samples", context.now);
  const startedAt = context.now();
  const lines: Line[] = [];
  const isLate = (): boolean => context.now() - startedAt > FIGURES_WITHIN_MS;
  for (const status of shown) {
    const found = await figures(context, system, status, isLate);
    lines.push({ status, ...(found !== undefined && { figures: found }) });
    bar.update(lines.length, shown.length, `${lines.length} of ${shown.length} targets`);
  }
  bar.stop();
  return lines;
}

async function figures(
  context: Context,
  system: System,
  status: TargetStatus,
  isLate: () => boolean,
): Promise<Figures | undefined> {
  const { target } = status;
  const since = after(system.clock.now(), -DAY_MS);
  const read = await recordsInTime(system, { id: target.id, target, since }, isLate);
  if (read === undefined) return undefined;
  await warnOfBroken(context, read);
  return figuresOf(read.records);
}

const COLUMNS: readonly Column[] = [
  { title: "TARGET", shrinkTo: 20 },
  { title: "STATE" },
  { title: "SINCE", align: "right" },
  { title: "LAST", align: "right" },
  { title: "UP 24 H", align: "right" },
  { title: "P95", align: "right" },
  { title: "LAST ERROR", shrinkTo: 16 },
];

async function tell(
  context: Context,
  system: System,
  { counts }: Fleet,
  lines: readonly Line[],
): Promise<void> {
  const { up, down, waiting } = counts;
  const total = up + down + waiting;
  if (total === 0) {
    await context.say("no targets: `lamplighter targets add URL` registers one");
    return;
  }
  const running = system.isRunning ? "" : "  (no functions run; this is how it was)";
  const { stdout } = context.io;
  const downText = down > 0 ? stdout.style("red", `${down} down`) : "0 down";
  await context.say(
    `${count(total, "target")}: ${up} up, ${downText}, ${waiting} waiting${running}`,
  );
  await table(COLUMNS, stdout).write(lines.map((line) => rowOf(line, context)));
  const left = total - lines.length;
  if (left > 0) await context.say(`… and ${left} more: --limit, or \`lamplighter targets list\``);
  const unread = lines.filter((line) => line.figures === undefined).length;
  if (unread > 0) await context.warn(`no time for the last 24 hours of ${unread}: name a target`);
}

function rowOf({ status, figures: found }: Line, context: Context): Row {
  const { target, state } = status;
  const failure = found?.lastFailure;
  return [
    target.id,
    stateCell(state),
    sinceText(state, context.now()),
    lastText(state),
    found?.uptime === undefined ? "-" : formatPercent(found.uptime),
    found?.p95Ms === undefined ? "-" : formatLatency(found.p95Ms),
    failure === undefined ? "" : `${failure.code}: ${failure.message}`,
  ];
}

async function tellJson(
  context: Context,
  { pool, isRunning }: System,
  { counts }: Fleet,
  lines: readonly Line[],
): Promise<void> {
  await context.json({
    pool,
    running: isRunning,
    ...counts,
    targets: lines.map(({ status, figures: found }) => ({
      ...statusJson(status),
      ...(found !== undefined && { day: figuresJson(found) }),
    })),
  });
}
