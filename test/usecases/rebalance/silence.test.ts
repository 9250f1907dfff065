/**
 * A store that is out of reach for ten minutes, and owners that are silent for other reasons: who
 * keeps a lease, and when others are started.
 */
import { describe, expect, it } from "vitest";
import { DependencyError } from "#domain/errors.ts";
import type { Lease } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { setStage, START_MS, type Stage } from "./stage.ts";

const TTL_MS = limits.leaseTtlMs;
const SPARED_MS = limits.heartbeatEveryMs + limits.requestTimeoutMs;
const OUTAGE_MS = 600_000;

/** A pool whose collectors, while it is out of reach, renew nothing; a started one takes its lease. */
async function stageWith(leases: number): Promise<Stage> {
  return setStage({ leases, nextDueMs: 3_600_000 });
}

async function owned(stage: Stage, leases: number, untilMs: number): Promise<void> {
  for (let number = 1; number <= leases; number += 1)
    await stage.own(number, { untilMs, then: "dies" });
}

async function all(stage: Stage): Promise<readonly Lease[]> {
  return (await stage.leases.readFleet("p"))?.leases ?? [];
}

/** Reads fail between these moments, as every call would. */
function outOfReach(stage: Stage, from: number, to: number): LeaseStore {
  const guarded = <Args extends unknown[], R>(call: (...args: Args) => Promise<R>) =>
    async (...args: Args): Promise<R> => {
      const now = stage.elapsed();
      if (now >= from && now < to) throw new DependencyError("out of reach", { retryable: true });
      return call(...args);
    }; // prettier-ignore
  return {
    ...stage.leases,
    readFleet: guarded(stage.leases.readFleet),
    findLease: guarded(stage.leases.findLease),
  };
}

/** The living owners' heartbeats, once the store can be reached again. */
function renewAll(stage: Stage, atMs: number, only = Infinity): void {
  stage.clock.after(atMs - stage.elapsed(), () => {
    void (async () => {
      for (const { id, holder, progress } of await all(stage)) {
        if (holder === undefined || progress === undefined || Number(id) > only) continue;
        const sentAt = stage.clock.now();
        await stage.leases.renew({ pool: "p", id, owner: holder.owner, sentAt, ttlMs: TTL_MS, progress }); // prettier-ignore
      }
    })();
  });
}

describe("on return from ten minutes without the store", () => {
  it("a fresh run moves nothing, says so, and lets the owners that live renew: every lease keeps its own", async () => {
    const stage = await stageWith(4);
    await owned(stage, 4, 5_000);
    await stage.clock.advance(OUTAGE_MS);
    const before = await all(stage);
    renewAll(stage, OUTAGE_MS + 3_500);
    const running = stage.run("after", { settings: { stayMaxMs: 9_000 } });
    await stage.clock.advance(9_500);
    expect(await running).toMatchObject({ applied: 0, refused: 0, starts: 0 });
    const after = await all(stage);
    expect(after.map(({ ranges }) => ranges)).toEqual(before.map(({ ranges }) => ranges));
    expect(after.map(({ holder, epoch }) => [holder?.owner, epoch])).toEqual(
      before.map(({ holder, epoch }) => [holder?.owner, epoch]),
    );
    expect(after.every(({ deaths }) => deaths === undefined)).toBe(true);
    expect(stage.log.lines).toContainEqual(
      expect.objectContaining({
        level: "warn",
        event: "nothing is planned; collectors are started as ever",
        fields: { why: expect.stringContaining("none of the 4 owners was heard") as string },
      }),
    );
  });

  it("a run that stayed through it waits as well, from the first answer it gets", async () => {
    const stage = await stageWith(3);
    await owned(stage, 3, 5_000);
    const leases = outOfReach(stage, 6_000, 60_000);
    void stage.run("through", { leases });
    renewAll(stage, 62_000);
    await stage.clock.advance(70_000);
    expect(stage.starts).toEqual([]);
  });

  it("those that don't renew are started after a heartbeat's time, the others keep theirs", async () => {
    const stage = await stageWith(4);
    await owned(stage, 4, 5_000);
    await stage.clock.advance(OUTAGE_MS);
    renewAll(stage, OUTAGE_MS + 1_000, 3);
    void stage.run("after");
    await stage.clock.advance(9_000);
    expect(stage.starts).toEqual([{ lease: "0004", at: OUTAGE_MS + SPARED_MS }]);
  });

  it("where all are dead, all are started then: within TTL + 2.5 s of the return", async () => {
    const stage = await stageWith(3);
    await owned(stage, 3, 5_000);
    await stage.clock.advance(OUTAGE_MS);
    void stage.run("after");
    await stage.clock.advance(SPARED_MS + START_MS + 100);
    expect(stage.starts.map(({ at }) => at)).toEqual(Array.from({ length: 3 }, () => OUTAGE_MS + SPARED_MS)); // prettier-ignore
    expect(SPARED_MS + START_MS).toBeLessThan(TTL_MS + 2_500);
    expect((await all(stage)).every(({ epoch }) => epoch === 2)).toBe(true);
  });

  it("the next run plans again", async () => {
    const stage = await setStage({ leases: 2, desired: 3, nextDueMs: 3_600_000 });
    await owned(stage, 2, 5_000);
    await stage.clock.advance(OUTAGE_MS);
    const first = stage.run("a", { settings: { stayMaxMs: 6_000 } });
    await stage.clock.advance(6_500);
    expect(await first).toMatchObject({ applied: 0, starts: 2 });
    void stage.run("b");
    await stage.clock.advance(1_000);
    expect(await all(stage)).toHaveLength(3);
  });
});

describe("where a watching run saw the owners die", () => {
  it("all of them at once are started as one would be, without a wait", async () => {
    const stage = await stageWith(3);
    await owned(stage, 3, 20_000);
    void stage.run("a");
    await stage.clock.advance(40_000);
    const takeable = stage.starts.map(({ at }) => at);
    // Last heard at 18 s.
    expect(takeable).toEqual(Array.from({ length: 3 }, () => 18_000 + TTL_MS + limits.skewMaxMs));
  });

  it("a single read that failed makes nobody wait", async () => {
    const stage = await stageWith(1);
    await owned(stage, 1, 20_000);
    void stage.run("a", { leases: outOfReach(stage, 26_000, 27_000) });
    await stage.clock.advance(40_000);
    expect(stage.starts).toEqual([{ lease: "0001", at: 18_000 + TTL_MS + limits.skewMaxMs }]);
  });

  it("an owner that died while others live is taken over at once by a fresh run", async () => {
    const stage = await stageWith(2);
    await stage.own(1, { untilMs: 5_000, then: "dies" });
    await stage.own(2, { untilMs: Infinity, then: "dies" });
    await stage.clock.advance(60_000);
    void stage.run("a");
    await stage.clock.advance(500);
    expect(stage.starts).toEqual([{ lease: "0001", at: 60_000 }]);
  });
});
