/** Lists targets as their slots are read. */
import { describeCadence } from "#domain/cadence.ts";
import { listStatuses, type TargetStatus } from "#usecases/status.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { System } from "../../connect/system.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { printable } from "../../output/display.ts";
import { table, type Column } from "../../output/table.ts";
import { lastText, sinceText, stateCell, statusJson, tagsText } from "../../output/target-state.ts";
import type { ListOptions } from "../targets.ts";

const COLUMNS: readonly Column[] = [
  { title: "ID", shrinkTo: 24 },
  { title: "STATE" },
  { title: "SINCE", align: "right" },
  { title: "LAST", align: "right" },
  { title: "CADENCE", shrinkTo: 12 },
  { title: "TAGS", shrinkTo: 8 },
];

export async function listTargets(context: Context, options: ListOptions): Promise<ExitCode> {
  await withSystem(context, "read", (system) => list(context, system, options));
  return exitCodes.ok;
}

async function list(context: Context, system: System, options: ListOptions): Promise<void> {
  const rows = table(COLUMNS, context.io.stdout);
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let shown = 0;
  for await (const { statuses, broken } of listStatuses(system.schedules, system)) {
    for (const name of broken) await context.warn(`can't be read: ${printable(name)}`);
    const found = statuses.filter((status) => isWanted(status, options)).slice(0, left);
    left -= found.length;
    shown += found.length;
    if (context.options.json) for (const status of found) await context.json(statusJson(status));
    else await rows.write(found.map((status) => rowOf(status, context)));
    if (left === 0) break;
  }
  if (shown === 0 && !context.options.json) await context.warn("no targets");
}

function isWanted({ target, state }: TargetStatus, { tag = [], down }: ListOptions): boolean {
  if (down && state.kind !== "down") return false;
  return tag.every(({ name, value }) => target.tags[name] === value);
}

function rowOf({ target, state }: TargetStatus, context: Context) {
  return [
    target.id,
    stateCell(state),
    sinceText(state, context.now()),
    lastText(state),
    target.policy ?? describeCadence(target.cadence),
    tagsText(target.tags),
  ];
}
