/**
 * What every schedule store allows and refuses, and what it reads back.
 *
 * `make` yields a store in which the pool it names has nothing yet.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { cadenceKey } from "#domain/cadence.ts";
import type { CommitRequest, Schedule } from "#domain/schedule.ts";
import type { Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import { durationMs } from "#domain/units.ts";
import { through, upTo } from "#domain/watermark.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { at, owner, T0 } from "#test/support/leases.ts";
import { manyTargets, MINUTE, noopTarget, TEN_MINUTES } from "#test/support/targets.ts";

export interface ScheduleStoreUnderTest {
  readonly store: ScheduleStore;
  readonly pool: string;
}

const SLOT = 5 as Slot;
const OTHER = 50 as Slot;
const KEY = cadenceKey(MINUTE);

export function scheduleStoreContract(
  name: string,
  make: () => ScheduleStoreUnderTest | Promise<ScheduleStoreUnderTest>,
): void {
  describe(`schedule store: ${name}`, () => {
    let store: ScheduleStore;
    let pool: string;

    beforeEach(async () => {
      ({ store, pool } = await make());
    });

    const touch = (wasEmpty: boolean, now = T0): Promise<void> =>
      store.touchSchedule(pool, SLOT, { cadence: KEY, wasEmpty }, now);

    async function schedule(): Promise<Schedule> {
      const found = await store.findSchedule(pool, SLOT, KEY);
      if (found === undefined) throw new Error("no schedule");
      return found;
    }

    function commitAt(seconds: number, changes: Partial<CommitRequest> = {}): CommitRequest {
      return {
        pool,
        slot: SLOT,
        cadence: KEY,
        epoch: 3,
        by: owner("ann"),
        version: 1,
        revision: 1,
        watermark: through(at(seconds)),
        latest: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, seconds]),
        serviceMs: durationMs(12.5),
        ...changes,
      };
    }

    describe("touching", () => {
      test("a schedule begins with everything before the registration done", async () => {
        await touch(true);
        const expected = {
          pool,
          slot: SLOT,
          cadence: KEY,
          version: 1,
          revision: 1,
          epoch: 0,
          watermark: upTo(T0),
          latest: new Uint8Array(0),
          serviceMs: 0,
        };
        expect(await schedule()).toEqual(expected);
        expect(await store.readSchedules(pool, SLOT)).toEqual([expected]);
        expect(await store.findSchedule(pool, OTHER, KEY)).toBeUndefined();
      });

      test("a touch where targets were before makes the schedule too, when it isn't there", async () => {
        await touch(false);
        expect(await schedule()).toMatchObject({ version: 1, revision: 1, watermark: upTo(T0) });
      });

      test("a touch where targets were before raises the revision and nothing else", async () => {
        await touch(true);
        const before = await schedule();
        await touch(false, at(60));
        expect(await schedule()).toEqual({ ...before, revision: 2 });
      });

      test("a touch where no target was moves the watermark to now, and version and revision on", async () => {
        await touch(true);
        await store.commit(commitAt(1));
        await touch(true, at(600));
        expect(await schedule()).toMatchObject({
          version: 3,
          revision: 2,
          epoch: 3,
          watermark: upTo(at(600)),
        });
      });

      test("a restart never moves the watermark back", async () => {
        await touch(true);
        await store.commit(commitAt(700));
        await touch(true, at(600));
        expect((await schedule()).watermark).toEqual(through(at(700)));
      });
    });

    describe("commit", () => {
      beforeEach(async () => {
        await touch(true);
      });

      test("a commit moves the watermark on and says under which version", async () => {
        const request = commitAt(60);
        expect(await store.commit(request)).toEqual({ kind: "committed", version: 2 });
        expect(await schedule()).toEqual({ ...request, version: 2 });
      });

      test("commits follow each other, and an equal epoch may commit again", async () => {
        await store.commit(commitAt(60));
        const second = await store.commit(commitAt(120, { version: 2 }));
        expect(second).toEqual({ kind: "committed", version: 3 });
      });

      test("after a commit under an epoch none under a lower one succeeds", async () => {
        await store.commit(commitAt(60));
        const stored = await schedule();
        const zombie = await store.commit(
          commitAt(120, { epoch: 2, by: owner("old"), version: stored.version }),
        );
        expect(zombie).toEqual({ kind: "fenced", schedule: stored });
        expect(await schedule()).toEqual(stored);
      });

      test("fencing comes before everything else that is wrong", async () => {
        await store.commit(commitAt(60));
        await touch(false);
        const zombie = await store.commit(
          commitAt(120, { epoch: 2, by: owner("old"), version: 1 }),
        );
        expect(zombie.kind).toBe("fenced");
      });

      test("a commit that doesn't know of a registration is refused, and shows the revision", async () => {
        await touch(false);
        const stored = await schedule();
        const result = await store.commit(commitAt(60));
        expect(result).toEqual({ kind: "revised", schedule: stored });
        const again = await store.commit(commitAt(60, { revision: stored.revision }));
        expect(again).toEqual({ kind: "committed", version: 2 });
      });

      test("a commit from a version that has moved on is overtaken", async () => {
        await store.commit(commitAt(60, { epoch: 1, by: owner("giver") }));
        const result = await store.commit(commitAt(120));
        expect(result).toEqual({ kind: "overtaken", schedule: await schedule() });
      });

      test("the same commit again, its answer lost, is committed once", async () => {
        const request = commitAt(60);
        await store.commit(request);
        expect(await store.commit(request)).toEqual({ kind: "committed", version: 2 });
        expect((await schedule()).version).toBe(2);
      });

      test("the same commit again is recognised also when a registration came between", async () => {
        const request = commitAt(60);
        await store.commit(request);
        await touch(false);
        expect(await store.commit(request)).toEqual({ kind: "committed", version: 2 });
      });

      test("another's commit of the same round is not taken for ours", async () => {
        await store.commit(commitAt(60));
        const other = await store.commit(commitAt(60, { by: owner("bob") }));
        expect(other.kind).toBe("overtaken");
      });

      test("a schedule that isn't there is gone, and none is made", async () => {
        expect(await store.commit(commitAt(60, { slot: OTHER }))).toEqual({ kind: "gone" });
        expect(await store.readSchedules(pool, OTHER)).toEqual([]);
      });

      test("a watermark in the middle of a moment reads back as it was written", async () => {
        const watermark = { at: at(60), offset: 67_108_863 };
        await store.commit(commitAt(60, { watermark }));
        expect((await schedule()).watermark).toEqual(watermark);
      });

      test("250 results read back byte for byte, from one schedule and with the slot, not with all", async () => {
        const latest = Uint8Array.from({ length: 2_500 }, (_, index) => (index * 31) % 256);
        await store.commit(commitAt(60, { latest }));
        expect((await schedule()).latest).toEqual(latest);
        expect((await store.readSlot(pool, SLOT)).schedules[0]?.latest).toEqual(latest);
        expect((await store.readSchedules(pool, SLOT))[0]?.latest).toEqual(new Uint8Array(0));
      });

      test("what is done with the bytes after a commit doesn't reach the store", async () => {
        const request = commitAt(60);
        await store.commit(request);
        request.latest.fill(0);
        expect((await schedule()).latest[0]).toBe(1);
      });
    });

    describe("targets", () => {
      const idsOf = (targets: readonly Target[]): string[] => targets.map((target) => target.id);

      test("a slot that nobody has written to is empty", async () => {
        const empty = { schedules: [], targets: [], broken: [], bytes: 0 };
        expect(await store.readSlot(pool, SLOT)).toEqual(empty);
        expect(await store.listTargets(pool, SLOT)).toEqual({ targets: [] });
        expect(await store.findTarget(pool, SLOT, "x")).toBeUndefined();
      });

      test("a slot reads back with all its schedules and targets, and nobody else's", async () => {
        await touch(true);
        const slow = cadenceKey(TEN_MINUTES);
        await store.touchSchedule(pool, SLOT, { cadence: slow, wasEmpty: true }, T0);
        const mine = [noopTarget("a", pool), noopTarget("b", pool, TEN_MINUTES)];
        await store.putTargets(pool, SLOT, mine);
        await store.putTargets(pool, OTHER, [noopTarget("c", pool)]);
        const read = await store.readSlot(pool, SLOT);
        expect(read.targets).toEqual(mine);
        expect(read.schedules.map((one) => one.cadence).sort()).toEqual([KEY, slow].sort());
        expect(read.broken).toEqual([]);
        expect(read.bytes).toBeGreaterThan(50);
      });

      test("putting a target again replaces it; putting one twice at once keeps the last", async () => {
        await store.putTargets(pool, SLOT, [noopTarget("a", pool), noopTarget("b", pool)]);
        const changed = { ...noopTarget("a", pool, TEN_MINUTES), name: "A" };
        await store.putTargets(pool, SLOT, [noopTarget("a", pool), changed]);
        expect(await store.findTarget(pool, SLOT, "a")).toEqual(changed);
        expect(idsOf((await store.readSlot(pool, SLOT)).targets)).toEqual(["a", "b"]);
      });

      test("removing takes away what is named and ignores what isn't there", async () => {
        await store.putTargets(pool, SLOT, manyTargets(60, pool));
        const gone = idsOf(manyTargets(40, pool));
        await store.removeTargets(pool, SLOT, [...gone, "unknown", "unknown"]);
        const left = await store.readSlot(pool, SLOT);
        expect(idsOf(left.targets)).toEqual(idsOf(manyTargets(60, pool).slice(40)));
      });

      test("a slot of more than a page reads back whole, and lists page by page", async () => {
        // 2,000 targets of 1 KB: a Query's page is 1 MB.
        const tags = { filler: "x".repeat(900) };
        const targets = manyTargets(2_000, pool).map((target) => ({ ...target, tags }));
        await touch(true);
        await store.putTargets(pool, SLOT, targets);
        const read = await store.readSlot(pool, SLOT);
        expect(idsOf(read.targets)).toEqual(idsOf(targets));
        expect(read.bytes).toBeGreaterThan(1_800_000);
        const listed: string[] = [];
        let pages = 0;
        for (let cursor: string | undefined; ; pages += 1) {
          expect(pages).toBeLessThan(50);
          const page = await store.listTargets(pool, SLOT, cursor);
          listed.push(...idsOf(page.targets));
          cursor = page.cursor;
          if (cursor === undefined) break;
        }
        expect(pages).toBeGreaterThanOrEqual(1);
        expect(listed).toEqual(idsOf(targets));
      });

      test("ids in any script, and ids that look like keys, are told apart", async () => {
        const ids = ["ä#1", "schedule#every:60000", "target#a", "日本/健康?x=1", "😀"];
        await store.putTargets(
          pool,
          SLOT,
          ids.map((id) => noopTarget(id, pool)),
        );
        for (const id of ids) expect((await store.findTarget(pool, SLOT, id))?.id).toBe(id);
        const read = await store.readSlot(pool, SLOT);
        expect(read.schedules).toEqual([]);
        expect(new Set(idsOf(read.targets))).toEqual(new Set(ids));
      });

      test("slots 1 and 11 of one pool are two slots", async () => {
        await store.putTargets(pool, 1 as Slot, [noopTarget("a", pool)]);
        expect((await store.readSlot(pool, 11 as Slot)).targets).toEqual([]);
      });
    });
  });
}
