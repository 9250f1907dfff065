import { describe, expect, it } from "vitest";
import { DependencyError } from "#domain/errors.ts";
import { releaseAt } from "#domain/lease-times.ts";
import { leaseId } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { PLAN_LIMITS } from "#domain/plan.ts";
import { slotsIn } from "#domain/range.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { setStage, START_MS, type Stage } from "./rebalance/stage.ts";

const FAR_MS = 3_600_000;
/** A start time not yet learnt, and the time to read slots. */
const AHEAD_MS = 750;

async function ended<Result>(
  stage: Stage,
  running: Promise<Result>,
  withinMs: number,
): Promise<Result> {
  await stage.clock.advance(withinMs);
  return Promise.race([running, Promise.reject(new Error(`still running after ${withinMs} ms`))]);
}

function startedAt(stage: Stage, number: number): number[] {
  return stage.starts.filter(({ lease }) => lease === leaseId(number)).map(({ at }) => at);
}

/** Counts reads of the fleet and of single leases. */
function counted(leases: LeaseStore): { store: LeaseStore; reads: () => number } {
  let reads = 0;
  const store: LeaseStore = {
    ...leases,
    readFleet: (pool) => ((reads += 1), leases.readFleet(pool)),
    findLease: (pool, id) => ((reads += 1), leases.findLease(pool, id)),
  };
  return { store, reads: () => reads };
}

describe("rebalance, while nothing happens", () => {
  it("ends at once when nothing is owned or due", async () => {
    const stage = await setStage({ leases: 3, nextDueMs: FAR_MS });
    const { store, reads } = counted(stage.leases);
    const report = await ended(stage, stage.run("a", { leases: store }), 0);
    expect(report).toMatchObject({ kind: "rebalanced", ended: "idle", starts: 0 });
    expect(reads()).toBeLessThanOrEqual(2);
    expect(stage.clock.pending).toBe(0);
  });

  it("says so when there is no pool", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS });
    const empty = { ...stage.leases, readFleet: () => Promise.resolve(undefined) };
    expect(await ended(stage, stage.run("a", { leases: empty }), 0)).toEqual({ kind: "no-pool" });
  });

  it("writes its name into the fleet", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS });
    await ended(stage, stage.run("a"), 0);
    const snapshot = await stage.leases.readFleet("p");
    expect(snapshot?.fleet.lastRebalance).toMatchObject({ at: stage.moment(0), by: "a" });
  });

  it("reads again when somebody else wrote the fleet meanwhile", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS });
    let interfered = false;
    const racing: LeaseStore = {
      ...stage.leases,
      async writeFleet(fleet) {
        if (!interfered) await stage.leases.writeFleet({ ...fleet, desired: 2 });
        interfered = true;
        return stage.leases.writeFleet(fleet);
      },
    };
    await stage.clock.settle();
    await ended(stage, stage.run("a", { leases: racing, settings: { stayMaxMs: 10_000 } }), 10_000);
    const snapshot = await stage.leases.readFleet("p");
    expect(snapshot?.fleet).toMatchObject({ desired: 2, lastRebalance: { by: "a" } });
    expect(snapshot?.leases).toHaveLength(2);
  });
});

describe("rebalance, when work is due", () => {
  it("starts collectors for leases that are due", async () => {
    const stage = await setStage({ leases: 3, nextDueMs: -1 });
    void stage.run("a");
    await stage.clock.advance(1_000);
    expect(stage.starts.map(({ lease }) => lease).toSorted()).toEqual(["0001", "0002", "0003"]);
    await stage.clock.advance(20_000);
    expect(stage.starts).toHaveLength(3);
  });

  it("starts ahead of need by the start time", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: 20_000 });
    void stage.run("a");
    await stage.clock.advance(40_000);
    expect(startedAt(stage, 1)).toEqual([20_000 - AHEAD_MS]);
  });

  it("stays for work that is due before the next run would see it, and not for later work", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: 65_000 });
    const early = stage.run("a");
    await stage.clock.advance(66_000);
    expect(startedAt(stage, 1)).toHaveLength(1);
    const late = await setStage({ leases: 1, nextDueMs: 90_000 });
    expect(await ended(late, late.run("a"), 0)).toMatchObject({ ended: "idle" });
    expect(await ended(stage, early, 70_000)).toMatchObject({ ended: "stayed" });
  });

  it("repeats a start that no acquire followed, and not for ever", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: 0, onStart: () => undefined });
    void stage.run("a");
    await stage.clock.advance(120_000);
    const at = startedAt(stage, 1);
    expect(at.slice(0, 3)).toEqual([0, 5_000, 10_000]);
    expect(at).toHaveLength(10);
  });

  it("tries again when an invocation is refused", async () => {
    let refusals = 0;
    const stage = await setStage({
      leases: 1,
      nextDueMs: 0,
      onStart: (_lease, { clock }) => {
        if ((refusals += 1) === 1) throw new DependencyError("throttled", { retryable: true });
        clock.after(START_MS, () => void stage.own(1, { untilMs: Infinity, then: "dies" }));
      },
    });
    void stage.run("a");
    await stage.clock.advance(20_000);
    expect(startedAt(stage, 1)).toEqual([0, 5_000]);
    expect(stage.log.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
  });

  it("learns how long starts take", async () => {
    const slowly = (ms: number) => (_lease: string, stage: Stage) => {
      stage.clock.after(
        ms,
        () =>
          void stage.own(1, {
            untilMs: stage.elapsed() + 5_000,
            then: "releases",
            nextDueMs: stage.elapsed() + 20_000,
          }),
      );
    };
    const stage = await setStage({ leases: 1, nextDueMs: 0, onStart: slowly(3_000) });
    void stage.run("a");
    await stage.clock.advance(40_000);
    const [first, second] = startedAt(stage, 1);
    expect(first).toBe(0);
    // Released with 20 s to go until the next need: started earlier than by default.
    expect(second).toBeLessThan(23_000 - AHEAD_MS - 500);
  });

  it("starts a lease with a request that nobody owns within two seconds", async () => {
    const stage = await setStage({ leases: 2, nextDueMs: FAR_MS });
    await stage.own(1, { untilMs: Infinity, then: "dies" });
    void stage.run("a");
    await stage.clock.advance(5_500);
    expect(stage.starts).toEqual([]);
    await stage.request(15);
    await stage.clock.advance(2_000);
    expect(stage.starts.map(({ lease }) => lease)).toEqual(["0002"]);
  });

  it("repeats a start for a request that no acquire followed", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS, onStart: () => undefined });
    await stage.request(0);
    void stage.run("a");
    await stage.clock.advance(11_000);
    expect(startedAt(stage, 1)).toEqual([0, 5_000, 10_000]);
  });

  it("finds a request that came while nobody watched", async () => {
    const stage = await setStage({ leases: 2, nextDueMs: FAR_MS });
    await stage.request(0);
    void stage.run("a");
    await stage.clock.advance(10);
    expect(stage.starts.map(({ lease }) => lease)).toEqual(["0001"]);
  });
});

describe("rebalance, when owners come and go", () => {
  it("starts a collector the moment a dead owner's lease can be taken, not before", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS });
    await stage.own(1, { untilMs: 8_000, then: "dies" });
    void stage.run("a");
    await stage.clock.advance(30_000);
    // Last heartbeat at 6 s, TTL 10 s, skew 0.1 s.
    expect(startedAt(stage, 1)).toEqual([6_000 + limits.leaseTtlMs + limits.skewMaxMs]);
  });

  it("starts a successor before an owner lets go at its deadline, once", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS, onStart: () => undefined });
    await stage.own(1, { untilMs: Infinity, then: "dies", deadlineMs: 100_000 });
    void stage.run("a");
    await stage.clock.advance(60_000);
    expect(startedAt(stage, 1)).toEqual([
      releaseAt(stage.moment(100_000)) - stage.moment(0) - AHEAD_MS,
    ]);
  });

  it("starts another when the successor is not there once the lease is free", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS, onStart: () => undefined });
    await stage.own(1, {
      untilMs: 33_250,
      then: "releases",
      deadlineMs: 100_000,
      nextDueMs: 33_500,
    });
    void stage.run("a");
    await stage.clock.advance(38_000);
    const at = startedAt(stage, 1);
    expect(at).toHaveLength(2);
    expect(at[1]).toBeLessThanOrEqual(33_250 + limits.requestPollMs + 1_000);
  });

  it("starts a lease again that was captured and released in between", async () => {
    const stage = await setStage({
      leases: 1,
      nextDueMs: 0,
      onStart: (_lease, { clock, elapsed, own }) => {
        clock.after(
          START_MS,
          () =>
            void own(1, {
              untilMs: elapsed() + 6_000,
              then: "releases",
              nextDueMs: elapsed() + 20_000,
            }),
        );
      },
    });
    void stage.run("a");
    await stage.clock.advance(60_000);
    expect(startedAt(stage, 1).length).toBeGreaterThanOrEqual(3);
  });

  it("starts the taker of moved slots at once", async () => {
    const stage = await setStage({ leases: 1, desired: 2, nextDueMs: FAR_MS });
    const running = stage.run("a");
    await stage.clock.advance(100);
    expect(stage.starts.map(({ lease }) => lease)).toEqual(["0002"]);
    expect(slotsIn((await stage.lease(2)).ranges, 4)).toHaveLength(8);
    expect(await ended(stage, running, 140_000)).toMatchObject({ applied: 2, refused: 0 });
  });
});

describe("rebalance, two runs at once", () => {
  it("ends when a newer run has written its name, and nothing changes hands", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: 0 });
    const older = stage.run("a");
    await stage.clock.advance(60_000);
    void stage.run("b");
    expect(await ended(stage, older, 10_000)).toMatchObject({ ended: "superseded" });
  });

  it.each([59_000, 60_000, 60_749, 60_751, 61_500, 62_000, 63_000, 64_500])(
    "starts exactly one collector for a lease that is due at %i ms, around the change of runs",
    async (dueMs) => {
      const stage = await setStage({ leases: 2, nextDueMs: dueMs });
      await stage.own(1, { untilMs: Infinity, then: "dies" });
      void stage.run("a");
      await stage.clock.advance(60_000);
      void stage.run("b");
      await stage.clock.advance(20_000);
      expect(startedAt(stage, 2)).toEqual([dueMs - AHEAD_MS]);
    },
  );

  // One counts on quicker starts than the other: what is due soon after the change is somebody's.
  it.each([
    { older: 100, newer: 3_000 },
    { older: 3_000, newer: 100 },
    { older: 500, newer: 1_200 },
  ])("starts in time what is due around the change of runs, by estimates of %o", async (ms) => {
    for (let dueMs = 61_000; dueMs <= 67_000; dueMs += 250) {
      const stage = await setStage({ leases: 2, nextDueMs: dueMs });
      await stage.own(1, { untilMs: Infinity, then: "dies" });
      void stage.run("a", { startMs: ms.older });
      await stage.clock.advance(60_000);
      void stage.run("b", { startMs: ms.newer });
      await stage.clock.advance(20_000);
      const [first = Infinity] = startedAt(stage, 2);
      expect(first, `due at ${dueMs}`).toBeLessThanOrEqual(dueMs - Math.min(ms.older, ms.newer));
    }
  });

  it("starts the taker of slots that it moved, although the run before is still there", async () => {
    const stage = await setStage({ leases: 3, desired: 2, nextDueMs: FAR_MS });
    await stage.own(1, { untilMs: Infinity, then: "dies" });
    void stage.run("a", { settings: { plan: { ...PLAN_LIMITS, movesMax: 0 } } });
    await stage.clock.advance(59_000);
    void stage.run("b");
    await stage.clock.advance(100);
    expect(stage.starts).toEqual([{ lease: leaseId(3), at: 59_000 }]);
  });

  it("does not wait for a run before that has ended long ago", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: FAR_MS });
    await ended(stage, stage.run("a"), 0);
    await stage.clock.advance(30_000);
    await stage.request(3);
    void stage.run("b");
    await stage.clock.advance(10);
    expect(startedAt(stage, 1)).toEqual([30_000]);
  });
});

describe("rebalance, when things go wrong", () => {
  it("doesn't plan on a snapshot that doesn't tile, and starts collectors all the same", async () => {
    const stage = await setStage({ leases: 2, desired: 3, nextDueMs: 0 });
    const holed: LeaseStore = {
      ...stage.leases,
      async readFleet(pool) {
        const snapshot = await stage.leases.readFleet(pool);
        return snapshot && { ...snapshot, leases: snapshot.leases.slice(1) };
      },
    };
    void stage.run("a", { leases: holed });
    await stage.clock.advance(3_000);
    expect(stage.starts.map(({ lease }) => lease)).toEqual(["0002"]);
    expect(stage.log.lines.filter(({ level }) => level === "error")).toHaveLength(1);
    expect((await stage.leases.readFleet("p"))?.leases).toHaveLength(2);
  });

  it("reads a snapshot again that doesn't tile the first time", async () => {
    const stage = await setStage({ leases: 2, desired: 3, nextDueMs: FAR_MS });
    let reads = 0;
    const torn: LeaseStore = {
      ...stage.leases,
      async readFleet(pool) {
        const snapshot = await stage.leases.readFleet(pool);
        reads += 1;
        return snapshot && reads === 1
          ? { ...snapshot, leases: snapshot.leases.slice(1) }
          : snapshot;
      },
    };
    void stage.run("a", { leases: torn });
    await stage.clock.advance(1_000);
    expect((await stage.leases.readFleet("p"))?.leases).toHaveLength(3);
  });

  it("goes on when the store is out of reach for a while", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: 20_000 });
    const failing: LeaseStore = {
      ...stage.leases,
      readFleet: (pool) =>
        stage.elapsed() > 3_000 && stage.elapsed() < 9_000
          ? Promise.reject(new DependencyError("out of reach", { retryable: true }))
          : stage.leases.readFleet(pool),
    };
    void stage.run("a", { leases: failing });
    await stage.clock.advance(30_000);
    expect(startedAt(stage, 1)).toEqual([20_000 - AHEAD_MS]);
  });

  it("ends before its deadline", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: 0 });
    const report = await ended(stage, stage.run("a", { deadlineMs: 30_000 }), 25_000);
    expect(report).toMatchObject({ ended: "stayed" });
  });

  it("ends at once when it is stopped", async () => {
    const stage = await setStage({ leases: 1, nextDueMs: 0 });
    const stop = new AbortController();
    const running = stage.run("a", { stop: stop.signal });
    await stage.clock.advance(5_000);
    stop.abort();
    expect(await ended(stage, running, 0)).toMatchObject({ ended: "stopped" });
  });
});
