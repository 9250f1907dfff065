/**
 * Schedules and targets in memory, for tests and simulation.
 *
 * Holds: each call takes effect at once and whole, at the moment it is made; what is handed out is
 *        frozen (bytes are copies). Targets are listed by id, in pages of `pageSize`.
 * Fails: never.
 */
import type { CadenceKey } from "#domain/cadence.ts";
import { commit, newSchedule, raiseRevision, restart, type Schedule } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import { encodeTarget } from "#domain/target-record.ts";
import type { Target } from "#domain/target.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { frozen } from "./frozen.ts";

interface Contents {
  readonly schedules: Map<CadenceKey, Schedule>;
  readonly targets: Map<string, StoredTarget>;
}

interface StoredTarget {
  readonly target: Target;
  readonly bytes: number;
}

const PAGE_SIZE = 1_000;

export function memoryScheduleStore(pageSize = PAGE_SIZE): ScheduleStore {
  const slots = new Map<string, Contents>();

  function contents(pool: string, slot: Slot): Contents {
    const key = `${pool}#${slot}`;
    const known = slots.get(key);
    if (known !== undefined) return known;
    const made: Contents = { schedules: new Map(), targets: new Map() };
    slots.set(key, made);
    return made;
  }

  return {
    readSlot(pool, slot) {
      const { schedules, targets } = contents(pool, slot);
      const stored = byKey(targets).map(([, one]) => one);
      return Promise.resolve({
        schedules: byKey(schedules).map(([, schedule]) => frozen(schedule)),
        targets: stored.map(({ target }) => target),
        broken: [],
        bytes: stored.reduce((sum, { bytes }) => sum + bytes, 0),
      });
    },

    readSchedules: (pool, slot) =>
      Promise.resolve(
        byKey(contents(pool, slot).schedules).map(([, schedule]) =>
          frozen({ ...schedule, latest: new Uint8Array(0) }),
        ),
      ),

    findSchedule(pool, slot, cadence) {
      const schedule = contents(pool, slot).schedules.get(cadence);
      return Promise.resolve(schedule === undefined ? undefined : frozen(schedule));
    },

    commit(request) {
      const { schedules } = contents(request.pool, request.slot);
      const { result, after } = commit(schedules.get(request.cadence), request);
      if (after !== undefined) schedules.set(request.cadence, frozen(after));
      return Promise.resolve(frozen(result));
    },

    findTarget: (pool, slot, id) => Promise.resolve(contents(pool, slot).targets.get(id)?.target),

    listTargets(pool, slot, cursor) {
      const rest = byKey(contents(pool, slot).targets).filter(
        ([id]) => cursor === undefined || id > cursor,
      );
      const page = rest.slice(0, pageSize);
      const last = page.at(-1)?.[0];
      const targets = page.map(([, { target }]) => target);
      return Promise.resolve(
        rest.length > pageSize && last !== undefined ? { targets, cursor: last } : { targets },
      );
    },

    putTargets(pool, slot, targets) {
      const { targets: stored } = contents(pool, slot);
      for (const target of targets) {
        const bytes = encodeTarget(target).length + target.id.length;
        stored.set(target.id, { target: frozen(target), bytes });
      }
      return Promise.resolve();
    },

    removeTargets(pool, slot, ids) {
      const { targets: stored } = contents(pool, slot);
      for (const id of ids) stored.delete(id);
      return Promise.resolve();
    },

    touchSchedule(pool, slot, { cadence, wasEmpty }, now) {
      const { schedules } = contents(pool, slot);
      const known = schedules.get(cadence);
      const after =
        known === undefined
          ? newSchedule(pool, slot, cadence, now)
          : wasEmpty
            ? restart(known, now)
            : raiseRevision(known);
      schedules.set(cadence, frozen(after));
      return Promise.resolve();
    },
  };
}

function byKey<K extends string, V>(map: ReadonlyMap<K, V>): (readonly [K, V])[] {
  return [...map].sort(([a], [b]) => compareBytes(a, b));
}

/** By UTF-8 bytes, as the real store sorts. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
