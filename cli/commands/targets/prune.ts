/**
 * Targets that are in none of the files, or disabled there: shown first, removed only as far as a
 * limit allows.
 *
 * Holds: nothing is removed where more would go than was allowed, or while the files prove nothing.
 */
import { limits } from "#domain/limits.ts";
import { removeTargets } from "#usecases/remove-targets.ts";
import { listStatuses } from "#usecases/status.ts";
import type { System } from "../../connect/system.ts";
import type { Context, Tag } from "../../context.ts";
import { count } from "../../output/count.ts";
import { printable } from "../../output/display.ts";

interface Found {
  readonly found: number;
  /** In order; the first `limits.prunedMax` of them. */
  readonly ids: readonly string[];
}

interface Candidates extends Found {
  /** Of these, those that a file has with `enabled: false`. */
  readonly disabled: Found;
}

export const NONE: Candidates = { found: 0, ids: [], disabled: { found: 0, ids: [] } };

export type Pruned =
  | (Candidates & { readonly kind: "shown" })
  | (Candidates & { readonly kind: "removed"; readonly removed: number })
  | (Candidates & { readonly kind: "refused"; readonly why: string });

export interface PruneRequest {
  /** Ids that are in the files. */
  readonly present: ReadonlySet<string>;
  /** Ids that are in the files, and disabled there. */
  readonly disabled: ReadonlySet<string>;
  /** All of them must be there. */
  readonly tags: readonly Tag[];
  /** 0: nothing is removed, only shown. */
  readonly atMost: number;
}

export async function pruneTargets(system: System, request: PruneRequest): Promise<Pruned> {
  const candidates = await find(system, request);
  const { found, ids } = candidates;
  const { atMost } = request;
  if (atMost === 0) return { kind: "shown", ...candidates };
  if (found > atMost) {
    return { kind: "refused", why: `${found} are more than --at-most ${atMost}`, ...candidates };
  }
  const { removed } = await removeTargets(system, system, ids);
  return { kind: "removed", removed, ...candidates };
}

async function find(system: System, request: PruneRequest): Promise<Candidates> {
  const { present, disabled, tags } = request;
  const ids: string[] = [];
  let found = 0;
  let disabledFound = 0;
  for await (const { statuses } of listStatuses(system.schedules, system)) {
    for (const { target } of statuses) {
      if (present.has(target.id)) continue;
      if (!tags.every(({ name, value }) => target.tags[name] === value)) continue;
      found += 1;
      if (disabled.has(target.id)) disabledFound += 1;
      if (ids.length < limits.prunedMax) ids.push(target.id);
    }
  }
  const inOrder = ids.toSorted();
  const disabledIds = inOrder.filter((id) => disabled.has(id));
  return { found, ids: inOrder, disabled: { found: disabledFound, ids: disabledIds } };
}

const SHOWN_MAX = 50;

async function tellFound(context: Context, how: string, { found, ids }: Found): Promise<void> {
  if (found === 0) return;
  await context.say(`${found === 1 ? "1 target is" : `${found} targets are`} ${how}:`);
  for (const id of ids.slice(0, SHOWN_MAX)) await context.say(`  ${printable(id)}`);
  if (found > SHOWN_MAX) await context.say(`  … and ${found - SHOWN_MAX} more (all with --json)`);
}

export async function tellPruned(context: Context, pruned: Pruned): Promise<void> {
  const { found, ids, disabled } = pruned;
  if (!context.options.json) {
    const named = new Set(disabled.ids);
    const inNone = { found: found - disabled.found, ids: ids.filter((id) => !named.has(id)) };
    await tellFound(context, "in no file", inNone);
    await tellFound(context, "disabled", disabled);
  }
  switch (pruned.kind) {
    case "refused":
      await context.warn(`nothing was removed: ${pruned.why}`);
      return;
    case "shown": {
      if (context.options.json) return;
      // No command that is ready to be copied: how many should go is for a person to expect.
      const how = `to remove ${found === 1 ? "it" : "them"}, give --at-most with a number that you expect`;
      const shown = `nothing was removed of ${count(found, "target")}: ${how}`;
      await context.say(found === 0 ? "every target is in a file" : shown);
      return;
    }
    case "removed":
      if (!context.options.json && found > 0) await context.say(`${pruned.removed} removed`);
  }
}
