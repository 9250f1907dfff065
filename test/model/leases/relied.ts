/** What a plan was made from is there when it lands, in all but heartbeats. */
import type { Lease } from "#domain/lease.ts";
import { canonical } from "../canonical.ts";
import { keyOf, LEASES, type Seen, type State } from "./state.ts";
import type { Write } from "./store.ts";

/** Asked when a plan has landed; undefined when all was as it was read. */
export function relianceBroken(
  before: State,
  { kind }: Write,
  relied: readonly Seen[],
): string | undefined {
  for (const { lease, life } of relied) {
    const key = keyOf(lease.id);
    const stored = before[key];
    const lives = before.lives.made[LEASES.indexOf(key)];
    if (stored !== undefined && lives === life && isSame(stored, lease)) continue;
    return `a stale plan landed: lease ${lease.id} isn't what the ${kind} was planned from`;
  }
  return undefined;
}

function isSame(stored: Lease, read: Lease): boolean {
  if (stored === read) return true;
  return canonical(lasting(stored)) === canonical(lasting(read));
}

/** All but what a heartbeat changes. */
function lasting({ holder, progress: _told, loads: _measured, ...rest }: Lease): object {
  return { ...rest, owner: holder?.owner };
}
