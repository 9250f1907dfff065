/**
 * Audits what was read, against what was seen before, and says what is broken.
 *
 * What concerns liveness (nobody rebalances, nobody takes a lease up) has metrics and alarms of its
 * own and passes: it is warned of. What else is broken fails the run, and those after it for
 * `brokenForMs`: the alarm on the function's errors wants several, and the slot in question is looked
 * at only once in a rotation.
 */
import {
  auditInvariants,
  auditMonotone,
  type Invariant,
  type Look,
  type SlotLook,
  type Violation,
} from "#domain/audit.ts";
import { InvariantError } from "#domain/errors.ts";
import type { FleetSnapshot } from "#domain/fleet.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Broken } from "#ports/health-memory.ts";
import { readTiling } from "../rebalance/snapshot.ts";
import type { HealthCheckDeps, HealthCheckRun } from "./settings.ts";

interface Seen {
  readonly looks: readonly SlotLook[];
  readonly snapshot: FleetSnapshot;
}

const VIOLATIONS_LOGGED_MAX = 20;
const ALARMED_ELSEWHERE: ReadonlySet<Invariant> = new Set(["rebalancer-alive", "leases-taken-up"]);

export async function auditLooks(
  deps: HealthCheckDeps,
  run: HealthCheckRun,
  { looks, snapshot }: Seen,
): Promise<Violation[]> {
  const { clock, memory, settings, log } = deps;
  const before = looks.flatMap((look) => memory.swap(run.pool, look) ?? []);
  const auditNow = (fleet: FleetSnapshot): Violation[] =>
    auditInvariants({ looks: [{ at: clock.now(), fleet, slots: looks }], limits: settings.audit });
  let found = auditNow(snapshot);
  if (found.some(({ invariant }) => invariant === "fencing")) {
    // A lease may have changed hands after the fleet was read: its epoch only grows, so read again.
    const again = await readTiling(deps, run.pool, run.stop);
    if (again.kind !== "no-pool") found = auditNow(again.snapshot);
  }
  // Leases as they were the last time aren't remembered, only slots.
  const then: Look = {
    at: clock.now(),
    fleet: { fleet: snapshot.fleet, leases: [] },
    slots: before,
  };
  const violations = [
    ...found,
    ...auditMonotone(then, { at: clock.now(), fleet: snapshot, slots: looks }),
  ];
  for (const { invariant, what } of violations.slice(0, VIOLATIONS_LOGGED_MAX)) {
    const fields = { invariant, what };
    if (ALARMED_ELSEWHERE.has(invariant)) log.warn("the pool isn't kept alive as it must", fields);
    else log.error("an invariant is broken; a person must look", fields);
  }
  return violations;
}

const BROKEN_CHARS_MAX = 200;

/** What is broken now, or was so a short while ago. */
export function brokenOf(
  violations: readonly Violation[],
  { now, before, forMs }: { now: EpochMs; before: Broken | undefined; forMs: number },
): Broken | undefined {
  const broken = violations.filter(({ invariant }) => !ALARMED_ELSEWHERE.has(invariant));
  const [first] = broken;
  if (first === undefined) {
    const isRecent = before !== undefined && now - before.at <= forMs;
    return isRecent ? before : undefined;
  }
  const more = broken.length === 1 ? "" : ` (and ${broken.length - 1} more, see the log)`;
  const what = `${first.invariant}: ${first.what}`.slice(0, BROKEN_CHARS_MAX - more.length);
  return { at: now, what: `${what}${more}` };
}

/** @throws InvariantError when anything is broken. */
export function failForBroken(pool: string, broken: Broken | undefined, now: EpochMs): void {
  if (broken === undefined) return;
  const seen = broken.at === now ? "" : ` (seen ${new Date(broken.at).toISOString()})`;
  throw new InvariantError(`pool ${pool}: ${broken.what}; a person must look${seen}`);
}
