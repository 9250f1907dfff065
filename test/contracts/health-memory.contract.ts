/** What every health memory keeps. */
import { beforeEach, describe, expect, test } from "vitest";
import { epochMs } from "#domain/units.ts";
import type { HealthMemory, HealthState } from "#ports/health-memory.ts";

export interface HealthMemoryUnderTest {
  readonly memory: HealthMemory;
  /** One that nobody has written for. */
  readonly pool: string;
}

export function healthState(pool: string, change: Partial<HealthState> = {}): HealthState {
  return {
    pool,
    at: epochMs(Date.UTC(2026, 10, 21)),
    lagMs: 1_234.5,
    droppedPublications: 3,
    throttledTotal: 17,
    broken: {
      at: epochMs(Date.UTC(2026, 10, 20)),
      what: "tiling: 80000000-100000000 is in no lease",
    },
    rebalancersUnits: 1_234.5,
    failures: {
      normal: {
        share: 0.0123456789,
        deviation: 1e-9,
        captures: 12_345.6789,
        minutes: 720,
        minute: 29_921_760,
        above: 2,
      },
      recent: [
        { minute: 29_921_758, captures: 3, failed: 0 },
        { minute: 29_921_760, captures: 1_234_567, failed: 12_345 },
      ],
    },
    ...change,
  };
}

export function healthMemoryContract(name: string, make: () => HealthMemoryUnderTest): void {
  describe(`health memory: ${name}`, () => {
    let memory: HealthMemory;
    let pool: string;

    beforeEach(() => {
      ({ memory, pool } = make());
    });

    test("finds nothing before anything is put", async () => {
      expect(await memory.find(pool)).toBeUndefined();
    });

    test("finds what was put, every number as it was", async () => {
      await memory.put(healthState(pool));
      expect(await memory.find(pool)).toEqual(healthState(pool));
    });

    test("keeps that nothing is known of failures yet, or nothing broken", async () => {
      const nothing = { normal: undefined, recent: [] };
      for (const none of [
        { failures: nothing },
        { failures: { ...nothing, recent: [{ minute: 7, captures: 1, failed: 1 }] } },
        { broken: undefined },
        { rebalancersUnits: undefined },
      ]) {
        await memory.put(healthState(pool, none));
        expect(await memory.find(pool)).toEqual(healthState(pool, none));
      }
    });

    test("replaces the whole state each time", async () => {
      await memory.put(healthState(pool));
      const later = healthState(pool, { droppedPublications: 0, lagMs: 0, broken: undefined });
      await memory.put(later);
      expect(await memory.find(pool)).toEqual(later);
    });

    test("keeps pools apart", async () => {
      await memory.put(healthState(pool));
      expect(await memory.find(`${pool}-2`)).toBeUndefined();
    });
  });
}
