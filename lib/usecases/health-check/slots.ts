/**
 * Looks at some slots: their schedules, and their targets where a watermark seems far behind.
 *
 * Holds: one Query a slot, and at most `suspectsMax` slots with their targets; never a Scan. A
 *        schedule that was found without targets is no suspect until its revision changes.
 */
import type { SlotLook } from "#domain/audit.ts";
import { parseCadenceKey } from "#domain/cadence.ts";
import { cadenceKey } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { lagMs, oldestDueAt, oldestDueBound } from "#domain/lag.ts";
import type { DueTarget, ScheduleKey } from "#domain/round.ts";
import type { Schedule } from "#domain/schedule.ts";
import { offsetInSlot, type Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import type { HealthCheckDeps, HealthCheckRun } from "./settings.ts";

type Deps = Pick<HealthCheckDeps, "clock" | "schedules" | "settings" | "memory">;

export async function readSlots(
  deps: Omit<Deps, "memory">,
  run: HealthCheckRun,
  slots: readonly Slot[],
): Promise<SlotLook[]> {
  const looks: SlotLook[] = [];
  for (let from = 0; from < slots.length && !run.stop.aborted; from += deps.settings.slotsAtOnce) {
    const part = slots.slice(from, from + deps.settings.slotsAtOnce);
    const read = part.map(async (slot) => ({
      slot,
      schedules: await deps.schedules.readSchedules(run.pool, slot),
    }));
    looks.push(...(await Promise.all(read)));
  }
  return looks;
}

/** The largest lag of these slots. */
export async function slotsLagMs(
  deps: Deps,
  run: HealthCheckRun,
  { looks, slotsLog2 }: { looks: readonly SlotLook[]; slotsLog2: number },
): Promise<number> {
  const { suspectAfterMs, suspectsMax } = deps.settings;
  const now = deps.clock.now();
  const bounds = looks.map((look) => ({
    slot: look.slot,
    boundMs: Math.max(
      0,
      ...look.schedules
        .filter((schedule) => !deps.memory.isEmpty(schedule))
        .map((schedule) =>
          lagMs(oldestDueBound(keyOf(schedule, slotsLog2), schedule.watermark, now), now),
        ),
    ),
  }));
  // The bound counts schedules that lost their targets, until that was seen: what seems late is
  // looked at with its targets.
  const suspects = bounds
    .filter(({ boundMs }) => boundMs > suspectAfterMs)
    .toSorted((a, b) => b.boundMs - a.boundMs);
  let largest = Math.max(
    0,
    ...bounds.filter(({ boundMs }) => boundMs <= suspectAfterMs).map(({ boundMs }) => boundMs),
  );
  for (const { slot } of suspects.slice(0, suspectsMax)) {
    if (run.stop.aborted) break;
    largest = Math.max(largest, await exactLagMs(deps, run, { slot, slotsLog2 }));
  }
  return largest;
}

async function exactLagMs(
  deps: Deps,
  run: HealthCheckRun,
  { slot, slotsLog2 }: { slot: Slot; slotsLog2: number },
): Promise<number> {
  const { schedules, targets, broken } = await deps.schedules.readSlot(run.pool, slot);
  const now = deps.clock.now();
  return Math.max(
    0,
    ...schedules.map((schedule) => {
      const own = targets
        .filter(({ cadence }) => cadenceKey(cadence) === schedule.cadence)
        .map((target) => dueTarget(target, slotsLog2));
      // A target that can't be read may be of any cadence.
      if (own.length === 0 && broken.length === 0) deps.memory.noteEmpty(schedule);
      return lagMs(oldestDueAt(keyOf(schedule, slotsLog2), schedule.watermark, own, now), now);
    }),
  );
}

function dueTarget({ id, registeredAt }: Target, slotsLog2: number): DueTarget {
  return { offset: offsetInSlot(targetHash(id).hash32, slotsLog2), registeredAt };
}

function keyOf({ cadence, slot }: Schedule, slotsLog2: number): ScheduleKey {
  return { cadence: parseCadenceKey(cadence), slot, slotsLog2 };
}
