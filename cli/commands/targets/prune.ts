/**
 * Targets that are in none of the files: shown first, removed only as far as a limit allows.
 *
 * Holds: nothing is removed where more would go than was allowed, or while the files prove nothing.
 */
import { limits } from "#domain/limits.ts";
import { removeTargets } from "#usecases/remove-targets.ts";
import { listStatuses } from "#usecases/status.ts";
import type { System } from "../../connect/system.ts";
import type { Context, Tag } from "../../context.ts";
import { printable } from "../../output/display.ts";

interface Candidates {
  readonly found: number;
  /** In order; the first `limits.prunedMax` of them. */
  readonly ids: readonly string[];
}

export type Pruned =
  | (Candidates & { readonly kind: "shown" })
  | (Candidates & { readonly kind: "removed"; readonly removed: number })
  | (Candidates & { readonly kind: "refused"; readonly why: string });

export interface PruneRequest {
  /** Ids that are in the files. */
  readonly present: ReadonlySet<string>;
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

async function find(system: System, { present, tags }: PruneRequest): Promise<Candidates> {
  const ids: string[] = [];
  let found = 0;
  for await (const { statuses } of listStatuses(system.schedules, system)) {
    for (const { target } of statuses) {
      if (present.has(target.id)) continue;
      if (!tags.every(({ name, value }) => target.tags[name] === value)) continue;
      found += 1;
      if (ids.length < limits.prunedMax) ids.push(target.id);
    }
  }
  return { found, ids: ids.toSorted() };
}

const SHOWN_MAX = 50;

export async function tellPruned(context: Context, pruned: Pruned): Promise<void> {
  const { found, ids } = pruned;
  if (!context.options.json && found > 0) {
    await context.say(`${found === 1 ? "1 target is" : `${found} targets are`} in no file:`);
    for (const id of ids.slice(0, SHOWN_MAX)) await context.say(`  ${printable(id)}`);
    if (found > SHOWN_MAX) await context.say(`  … and ${found - SHOWN_MAX} more (all with --json)`);
  }
  switch (pruned.kind) {
    case "refused":
      await context.warn(`nothing was removed: ${pruned.why}`);
      return;
    case "shown": {
      if (context.options.json) return;
      const how = `--prune --at-most ${found} removes ${found === 1 ? "it" : "them"}`;
      await context.say(found === 0 ? "every target is in a file" : `nothing was removed: ${how}`);
      return;
    }
    case "removed":
      if (!context.options.json && found > 0) await context.say(`${pruned.removed} removed`);
  }
}
