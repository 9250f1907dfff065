import { describe, expect, it } from "vitest";
import { releaseAt } from "#domain/lease-times.ts";
import { setStage, START_MS, type Stage, type StageOptions } from "./stage.ts";

const FAR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Least time that a newer run has for a start of its own. */
const GRACE_MS = 2_500;

/** A run that wrote its name into the fleet, and died. */
async function diesOnceNamed({ leases, clock }: Stage, by: string): Promise<void> {
  const snapshot = await leases.readFleet("p");
  if (snapshot === undefined) throw new Error("the pool is gone");
  await leases.writeFleet({ ...snapshot.fleet, lastRebalance: { at: clock.now(), by } });
}

const DEADLINE_MS = 170_000;

/** Lease 1 is owned, and let go for its deadline within the second minute. */
async function ownedUntilTheSecondMinute(options: Partial<StageOptions> = {}): Promise<Stage> {
  const stage = await setStage({ leases: 2, nextDueMs: FAR_MS, ...options });
  const untilMs = dueAtMs(stage);
  const deadlineMs = DEADLINE_MS;
  await stage.own(1, { untilMs, then: "releases", deadlineMs, nextDueMs: untilMs });
  return stage;
}

const dueAtMs = (stage: Stage): number => releaseAt(stage.moment(DEADLINE_MS)) - stage.moment(0);

describe("a run that was superseded", () => {
  it("starts the successor that a newer run died without starting", async () => {
    const stage = await ownedUntilTheSecondMinute();
    void stage.run("a");
    await stage.clock.advance(MINUTE_MS);
    await diesOnceNamed(stage, "b");
    await stage.clock.advance(50_000);
    const [first = Infinity] = stage.starts.map(({ at }) => at);
    expect(first - dueAtMs(stage)).toBeGreaterThanOrEqual(GRACE_MS);
    expect(first - dueAtMs(stage)).toBeLessThanOrEqual(GRACE_MS + START_MS);
  });

  it("stays while a range changes hands", async () => {
    const stage = await setStage({ leases: 2, nextDueMs: FAR_MS });
    for (const number of [1, 2]) await stage.own(number, { untilMs: Infinity, then: "dies" });
    const running = stage.run("a");
    await stage.clock.advance(MINUTE_MS);
    await diesOnceNamed(stage, "b");
    const [from, to] = [await stage.lease(1), await stage.lease(2)];
    await stage.leases.promise({
      pool: "p",
      from: from.id,
      fromVersion: from.version,
      to: to.id,
      toVersion: to.version,
      ranges: from.ranges,
    });
    await stage.clock.advance(30_000);
    await expect(ended(running)).resolves.toBe("still there");
  });

  it("leaves to a newer run what that one starts", async () => {
    const stage = await ownedUntilTheSecondMinute({
      // As a successor that waits until the lease is free.
      onStart: (_lease, { clock, own }) =>
        void clock.after(1_000, () => void own(1, { untilMs: Infinity, then: "dies" })),
    });
    void stage.run("a");
    await stage.clock.advance(MINUTE_MS);
    void stage.run("b");
    await stage.clock.advance(50_000);
    expect(stage.starts).toHaveLength(1);
  });

  it("leaves when nobody has to be started and no range changes hands in the newer run's time", async () => {
    const stage = await setStage({ leases: 2, nextDueMs: FAR_MS });
    await stage.own(1, { untilMs: Infinity, then: "dies" });
    const running = stage.run("a");
    await stage.clock.advance(MINUTE_MS);
    await diesOnceNamed(stage, "b");
    await stage.clock.advance(10_000);
    await expect(ended(running)).resolves.toMatchObject({ ended: "superseded" });
  });

  it("leaves though a cut that is long past stands in a record", async () => {
    const stage = await setStage({ leases: 2, nextDueMs: FAR_MS });
    await stage.own(1, { untilMs: 1_000, then: "releases", open: true, nextDueMs: 2_000 });
    await stage.clock.advance(2_000);
    await stage.own(1, { untilMs: Infinity, then: "dies" });
    expect((await stage.lease(1)).open).toHaveLength(1);
    const running = stage.run("a");
    await stage.clock.advance(MINUTE_MS);
    await diesOnceNamed(stage, "b");
    await stage.clock.advance(10_000);
    await expect(ended(running)).resolves.toMatchObject({ ended: "superseded" });
  });

  it("leaves when a third run is there", async () => {
    const stage = await ownedUntilTheSecondMinute();
    const running = stage.run("a");
    await stage.clock.advance(MINUTE_MS);
    await diesOnceNamed(stage, "b");
    await stage.clock.advance(10_000);
    await expect(ended(running)).resolves.toBe("still there");
    await diesOnceNamed(stage, "c");
    await stage.clock.advance(6_000);
    await expect(ended(running)).resolves.toMatchObject({ ended: "superseded" });
    expect(stage.starts).toEqual([]);
  });
});

function ended<Result>(running: Promise<Result>): Promise<Result | "still there"> {
  return Promise.race([running, new Promise<"still there">((found) => setImmediate(found, "still there"))]); // prettier-ignore
}
