/** Lists targets as their slots are read. */
import { describeCadence } from "#domain/cadence.ts";
import { listStatuses, type TargetStatus } from "#usecases/status.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { System } from "../../connect/system.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { printable } from "../../output/display.ts";
import { table, type Column, type Row } from "../../output/table.ts";
import { lastText, sinceText, stateCell, statusJson, tagsText } from "../../output/target-state.ts";
import type { ListOptions } from "../targets.ts";

const COLUMNS: readonly Column[] = [
  { title: "ID", shrinkTo: 24 },
  { title: "STATE", least: 7 },
  { title: "SINCE", align: "right", least: 7 },
  { title: "LAST", align: "right", least: 7 },
  { title: "CADENCE", shrinkTo: 12 },
  { title: "TAGS", shrinkTo: 8 },
];

const FIRST_PAGE_MIN = 500;

export async function listTargets(context: Context, options: ListOptions): Promise<ExitCode> {
  await withSystem(context, "read", (system) => list(context, system, options));
  return exitCodes.ok;
}

async function list(context: Context, system: System, options: ListOptions): Promise<void> {
  const rows = table(COLUMNS, context.io.stdout);
  // Widths are those of the first page: one slot alone would be a poor guess.
  let page: Row[] | undefined = [];
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let shown = 0;
  for await (const { statuses, broken } of listStatuses(system.schedules, system)) {
    for (const name of broken) await context.warn(`can't be read: ${printable(name)}`);
    const found = statuses.filter((status) => isWanted(status, options)).slice(0, left);
    left -= found.length;
    shown += found.length;
    if (context.options.json) for (const status of found) await context.json(statusJson(status));
    else if (page === undefined) await rows.write(found.map((status) => rowOf(status, context)));
    else {
      page.push(...found.map((status) => rowOf(status, context)));
      if (page.length >= FIRST_PAGE_MIN) {
        await rows.write(page);
        page = undefined;
      }
    }
    if (left === 0) break;
  }
  await rows.write(page ?? []);
  if (shown === 0 && !context.options.json) await context.warn("no targets");
}

function isWanted({ target, state }: TargetStatus, { tag = [], down }: ListOptions): boolean {
  if (down && state.kind !== "down") return false;
  return tag.every(({ name, value }) => target.tags[name] === value);
}

function rowOf({ target, state }: TargetStatus, context: Context): Row {
  return [
    target.id,
    stateCell(state),
    sinceText(state, context.now()),
    lastText(state),
    target.policy ?? describeCadence(target.cadence),
    tagsText(target.tags),
  ];
}
