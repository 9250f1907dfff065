/** What every request store keeps, merges, lists and takes away. */
import { beforeEach, describe, expect, test } from "vitest";
import { limits } from "#domain/limits.ts";
import { HASH_SPACE, wholeSpace } from "#domain/range.ts";
import type { CaptureAsked, CaptureRequest, RequestedKeys } from "#domain/request.ts";
import type { Slot } from "#domain/slot.ts";
import type { RequestStore } from "#ports/request-store.ts";

export interface RequestStoreUnderTest {
  readonly store: RequestStore;
  readonly pool: string;
}

const LOG2 = 6;
const keys = (...resultKeys: number[]): RequestedKeys => ({ kind: "keys", resultKeys });
const upwards = (from: number, count: number): RequestedKeys =>
  keys(...Array.from({ length: count }, (_, index) => from + index));

export function requestStoreContract(
  name: string,
  make: () => RequestStoreUnderTest | Promise<RequestStoreUnderTest>,
): void {
  describe(`request store: ${name}`, () => {
    let store: RequestStore;
    let pool: string;

    beforeEach(async () => {
      ({ store, pool } = await make());
    });

    const request = (
      slot: number,
      stamp: string,
      what: Partial<Pick<CaptureRequest, "fresh" | "keys" | "writes">> = {},
    ): CaptureRequest => ({
      pool,
      slot: slot as Slot,
      fresh: false,
      keys: keys(),
      stamp,
      writes: 1,
      ...what,
    });
    const read = async (): Promise<CaptureRequest> => {
      const [one] = await all();
      if (one === undefined) throw new Error("found no request, expected one");
      return one;
    };

    const all = (): Promise<readonly CaptureRequest[]> => store.list(pool, wholeSpace(), LOG2);

    test("without requests there is nothing to list", async () => {
      expect(await all()).toEqual([]);
    });

    test("a request reads back as it was put", async () => {
      const fresh = request(3, "s1", { fresh: true });
      const some = request(4, "s2", { keys: keys(7, 4_294_967_295) });
      const every = request(5, "s3", { keys: { kind: "all" } });
      for (const one of [fresh, some, every]) await store.put(one);
      expect(await all()).toEqual([fresh, some, every]);
    });

    test("requests for one slot merge: keys unite, `fresh` stays, the stamp is the newest", async () => {
      await store.put(request(3, "s1", { fresh: true, keys: keys(9, 5) }));
      await store.put(request(3, "s2", { keys: keys(5, 7, 7) }));
      await store.put(request(3, "s3"));
      expect(await all()).toEqual([
        request(3, "s3", { fresh: true, keys: keys(5, 7, 9), writes: 3 }),
      ]);
    });

    test("all is all: keys that come before or after don't narrow it", async () => {
      await store.put(request(3, "s1", { keys: keys(1) }));
      await store.put(request(3, "s2", { keys: { kind: "all" } }));
      await store.put(request(3, "s3", { keys: keys(2) }));
      await store.put(request(3, "s4", { fresh: true }));
      expect(await all()).toEqual([
        request(3, "s4", { fresh: true, keys: { kind: "all" }, writes: 4 }),
      ]);
    });

    test("as many keys as the limit are kept, one more means all", async () => {
      const most = limits.requestIdsMax;
      await store.put(request(3, "s1", { keys: upwards(1, most - 10) }));
      await store.put(request(3, "s2", { keys: upwards(11, most - 10) }));
      expect(await all()).toEqual([request(3, "s2", { keys: upwards(1, most), writes: 2 })]);
      await store.put(request(3, "s3", { keys: keys(most + 1) }));
      expect(await all()).toEqual([request(3, "s3", { keys: { kind: "all" }, writes: 3 })]);
    });

    test("more keys than the limit at once mean all", async () => {
      await store.put(request(3, "s1", { keys: upwards(1, limits.requestIdsMax + 1) }));
      expect(await all()).toEqual([request(3, "s1", { keys: { kind: "all" } })]);
    });

    test("requests are listed by slot, of the ranges asked for only", async () => {
      const quarter = HASH_SPACE / 4;
      for (const slot of [63, 0, 15, 16, 31, 32]) await store.put(request(slot, `s${slot}`));
      const ranges = [
        { from: 0, to: quarter },
        { from: 2 * quarter, to: 3 * quarter },
      ];
      const listed = await store.list(pool, ranges, LOG2);
      expect(listed.map(({ slot }) => slot)).toEqual([0, 15, 32]);
    });

    test("a request is removed as it was read, and only then", async () => {
      await store.put(request(3, "s1", { fresh: true }));
      const first = await read();
      await store.put(request(3, "s2", { keys: keys(1) }));
      expect(await store.remove(first)).toBe("changed");
      const second = request(3, "s2", { fresh: true, keys: keys(1), writes: 2 });
      expect(await all()).toEqual([second]);
      expect(await store.remove(second)).toBe("removed");
      expect(await all()).toEqual([]);
    });

    test("a copy of an older write that lands late doesn't make it the request that was read", async () => {
      const older: CaptureAsked = request(3, "s1", { keys: keys(1) });
      await store.put(older);
      const worked = await read();
      await store.put(request(3, "s2", { keys: keys(1) }));
      await store.put(older);
      expect(await store.remove(worked)).toBe("changed");
      expect(await read()).toMatchObject({ keys: keys(1) });
    });

    test("a removal that lands late takes nothing that was asked for since", async () => {
      await store.put(request(3, "s1", { keys: keys(1) }));
      const worked = await read();
      await store.remove(worked);
      await store.put(request(3, "s2", { keys: keys(1) }));
      expect(await store.remove(worked)).toBe("changed");
      expect(await read()).toMatchObject({ stamp: "s2" });
    });

    test("removing again, the answer lost, is removed still", async () => {
      const one = request(3, "s1");
      await store.put(one);
      await store.remove(one);
      expect(await store.remove(one)).toBe("removed");
    });

    test("pools have their own requests", async () => {
      await store.put(request(3, "s1"));
      expect(await store.list(`${pool}-other`, wholeSpace(), LOG2)).toEqual([]);
    });
  });
}
