/** What every configuration store keeps. */
import { beforeEach, describe, expect, test } from "vitest";
import { epochMs } from "#domain/units.ts";
import type { ConfigurationState, ConfigurationStore } from "#ports/configuration-store.ts";

export interface ConfigurationStoreUnderTest {
  readonly store: ConfigurationStore;
  /** One that nobody has written for. */
  readonly pool: string;
}

export function configurationStoreContract(
  name: string,
  make: () => ConfigurationStoreUnderTest,
): void {
  describe(`configuration store: ${name}`, () => {
    let store: ConfigurationStore;
    let pool: string;

    beforeEach(() => {
      ({ store, pool } = make());
    });

    const state = (change: Partial<ConfigurationState> = {}): ConfigurationState => ({
      pool,
      readAt: epochMs(Date.UTC(2026, 10, 21)),
      accepted: 12,
      refused: 1,
      problems: ["web.yml:3:5: found schema, expected scheme"],
      ...change,
    });

    test("finds nothing before anything is put", async () => {
      expect(await store.find(pool)).toBeUndefined();
    });

    test("finds what was put", async () => {
      await store.put(state());
      expect(await store.find(pool)).toEqual(state());
    });

    test("replaces the whole state each time", async () => {
      await store.put(state());
      await store.put(state({ accepted: 13, refused: 0, problems: [] }));
      expect(await store.find(pool)).toEqual(state({ accepted: 13, refused: 0, problems: [] }));
    });

    test("keeps pools apart", async () => {
      await store.put(state());
      expect(await store.find(`${pool}-2`)).toBeUndefined();
    });

    test("counts all and keeps the first few problems, shortened", async () => {
      const problems = Array.from({ length: 1_000 }, (_, n) => `${n} ${"x".repeat(1_000)}`);
      await store.put(state({ refused: 1_000, problems }));
      const found = await store.find(pool);
      expect(found?.refused).toBe(1_000);
      expect(found?.problems[0]).toMatch(/^0 x+$/u);
      expect(found?.problems.join("").length).toBeLessThan(10_000);
    });
  });
}
