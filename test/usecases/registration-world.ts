/** A pool of stores in memory, and definitions to register in it. */
import { every, type Cadence } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { slotOf, type Slot } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { memoryInvoker, type MemoryInvoker } from "#adapters/memory/invoker.ts";
import { memoryRequestStore } from "#adapters/memory/request-store.ts";
import { memoryScheduleStore } from "#adapters/memory/schedule-store.ts";
import type { Log } from "#ports/log.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import type { RegistrationSettings } from "#usecases/register-targets.ts";
import type { RegistrationDeps } from "#usecases/register-targets.ts";
import { settableClock, type SettableClock } from "#test/support/settable-clock.ts";

export interface World extends RegistrationDeps {
  readonly clock: SettableClock;
  readonly invoker: MemoryInvoker;
}

export const settings: RegistrationSettings = {
  pool: "test",
  slotsLog2: 1,
  policies: POLICIES_DEFAULT,
};

export interface Stores {
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
}

export function memoryStores(): Stores {
  return { schedules: memoryScheduleStore(), requests: memoryRequestStore() };
}

export function newWorld(stores: Stores = memoryStores()): World {
  let stamps = 0;
  return {
    ...stores,
    clock: settableClock("2026-11-21T12:00:00Z"),
    ids: {
      owner: () => {
        throw new Error("registration owns nothing");
      },
      stamp: () => `stamp-${(stamps += 1)}`,
    },
    log: silentLog(),
    invoker: memoryInvoker(),
  };
}

export function silentLog(): Log {
  const quiet = (): void => undefined;
  return { debug: quiet, info: quiet, warn: quiet, error: quiet };
}

export const minute: Cadence = every(60_000);
export const hour: Cadence = every(3_600_000);

export function definition(id: string, over: Partial<TargetDefinition> = {}): TargetDefinition {
  return { id, probe: { kind: "noop" }, cadence: minute, tags: {}, ...over };
}

export function slotOfId(id: string, slotsLog2 = settings.slotsLog2): Slot {
  return slotOf(targetHash(id).hash32, slotsLog2);
}
