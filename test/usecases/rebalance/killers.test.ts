/**
 * A range that kills every collector that takes it, in a whole pool: the real functions on a set
 * clock. And what looks like it and isn't.
 */
import { describe, expect, it, vi } from "vitest";
import { dueInstants } from "#domain/audit.ts";
import { every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import type { Lease } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { contains, slotsIn } from "#domain/range.ts";
import { after, type EpochMs } from "#domain/units.ts";
import { deployedFor } from "#test/support/rehearsal-incident.ts";
import { REHEARSAL_DEFAULTS, rehearsalWorld } from "#test/support/rehearsal-world.ts";
import { liftQuarantine } from "#usecases/lift-quarantine.ts";

/** Minutes of a pool take seconds, on a machine that has something else to do. */
vi.setConfig({ testTimeout: 300_000 });

const SLOTS_LOG2 = 6;
const TARGETS = 128;
const PERIOD_MS = 60_000;
const MINUTE_MS = 60_000;
const KILLER = "target-7";
/** Late: more than that after its instant. */
const LATE_MS = 1_000;

type Pool = Awaited<ReturnType<typeof setPool>>;

/** A pool that has run for five minutes. */
async function setPool(collectors: number, seed = 1) {
  const captured = new Map<string, EpochMs[]>();
  const world = await rehearsalWorld({
    ...REHEARSAL_DEFAULTS,
    ...{ seed, targets: TARGETS, cadenceMs: PERIOD_MS },
    deployed: deployedFor({ collectors: String(collectors), slots: String(2 ** SLOTS_LOG2) }),
    onCapture: (id, at) => {
      captured.set(id, [...(captured.get(id) ?? []), at]);
    },
  });
  const { clock, pool, platform, stores } = world;
  await clock.advance(5 * MINUTE_MS);
  const failedBefore = platform.counts.failed;
  const leases = async (): Promise<readonly Lease[]> =>
    (await stores.leases.readFleet(pool))?.leases ?? [];
  return {
    world,
    clock,
    leases,
    shut: async () => (await leases()).filter(({ quarantine }) => quarantine !== undefined),
    deaths: () => platform.counts.failed - failedBefore,
    lift: (lease: Lease) => liftQuarantine(stores, pool, lease.id),
    captured,
  };
}

/** Of the targets outside of these leases, what was due in a span: how much of it came late, and not at all. */
function lateness(
  { captured }: Pool,
  shut: readonly Lease[],
  { from, to }: { readonly from: EpochMs; readonly to: EpochMs },
): { due: number; late: number; missed: number } {
  const found = { due: 0, late: 0, missed: 0 };
  const ranges = shut.flatMap((lease) => lease.ranges);
  for (let index = 0; index < TARGETS; index += 1) {
    const id = `target-${index}`;
    if (id === KILLER || contains(ranges, targetHash(id).hash32)) continue;
    for (const { instant } of dueInstants(
      { id, cadence: every(PERIOD_MS) },
      SLOTS_LOG2,
      from,
      to,
    )) {
      const first = captured.get(id)?.find((at) => at >= instant);
      found.due += 1;
      if (first === undefined || first - instant >= PERIOD_MS) found.missed += 1;
      else if (first - instant > LATE_MS) found.late += 1;
    }
  }
  return found;
}

function slotsOf(leases: readonly Lease[]): number[] {
  return leases.map(({ ranges }) => slotsIn(ranges, SLOTS_LOG2).length);
}

const kills = (pool: Pool): void => {
  pool.world.faults.killing = new Set([KILLER]);
};

describe("a slot that kills whoever takes it", () => {
  it("of four leases: three collectors die, it alone is quarantined, all others are captured on time again", async () => {
    const pool = await setPool(4);
    const { clock, world } = pool;
    kills(pool);
    const from = clock.now();
    await clock.advance(4 * MINUTE_MS);
    expect(pool.deaths()).toBe(3);
    const shut = await pool.shut();
    expect(slotsOf(shut)).toEqual([1]);
    expect(shut[0]).toMatchObject({ ward: { deaths: 3 } });
    const calm = clock.now();
    const trouble = lateness(pool, shut, { from, to: calm });
    // While two owners of 16 slots died, and one of a part: 5 of 500 (2026-11).
    expect(trouble.due).toBeGreaterThan(450);
    expect(trouble.late).toBeLessThanOrEqual(20);
    expect(trouble.missed).toBe(0);

    await clock.advance(8 * MINUTE_MS);
    const fine = { from: calm, to: after(clock.now(), -PERIOD_MS) };
    expect(lateness(pool, shut, fine)).toMatchObject({ late: 0, missed: 0 });
    expect(pool.deaths()).toBe(3);
    expect(world.platform.running("collect")).toHaveLength(4);
    expect((await pool.leases()).length).toBe(5);
  });

  it("of a lone lease: the same, in two steps; then it is tried again and again, and nobody else suffers", async () => {
    const pool = await setPool(1);
    const { clock } = pool;
    kills(pool);
    await clock.advance(4 * MINUTE_MS);
    const ward = await pool.shut();
    expect([pool.deaths(), slotsOf(ward)]).toEqual([3, [4]]);
    const calm = clock.now();
    await clock.advance(limits.quarantineMs);
    expect([pool.deaths(), slotsOf(await pool.shut())]).toEqual([4, [1]]);
    await clock.advance(MINUTE_MS);
    const narrowed = clock.now();
    await clock.advance(limits.quarantineMs);
    const shut = await pool.shut();
    expect([pool.deaths(), slotsOf(shut)]).toEqual([5, [1]]);
    expect(shut[0]).toMatchObject({ ward: { deaths: 5 } });
    const to = after(clock.now(), -PERIOD_MS);
    expect(lateness(pool, ward, { from: calm, to })).toMatchObject({ late: 0, missed: 0 });
    // Three slots had to wait with it, once.
    const mates = { from: narrowed, to };
    expect(lateness(pool, shut, mates)).toMatchObject({ late: 0, missed: 0 });
  });

  it("is captured again after it was mended and lifted by hand, at once", async () => {
    const pool = await setPool(4);
    const { clock, world, captured } = pool;
    kills(pool);
    await clock.advance(5 * MINUTE_MS);
    const [shut] = await pool.shut();
    if (shut === undefined) throw new Error("nothing is quarantined");
    world.faults.killing = new Set();
    const before = captured.get(KILLER)?.length ?? 0;
    expect(await pool.lift(shut)).toMatchObject({ kind: "lifted" });
    expect(await pool.lift(shut)).toMatchObject({ kind: "not-quarantined" });
    await clock.advance(10_000);
    expect(captured.get(KILLER)?.length).toBeGreaterThan(before);
    await clock.advance(20 * MINUTE_MS);
    expect([pool.deaths(), await pool.shut()]).toEqual([3, []]);
    expect((await pool.leases()).length).toBe(4);
  });

  it("is captured again by itself after the cool-down, where it was mended meanwhile", async () => {
    const pool = await setPool(4);
    kills(pool);
    await pool.clock.advance(5 * MINUTE_MS);
    pool.world.faults.killing = new Set();
    await pool.clock.advance(limits.quarantineMs);
    expect([pool.deaths(), await pool.shut()]).toEqual([3, []]);
  });
});

describe("what is no range's fault divides and quarantines nothing", () => {
  /** Looks every ten seconds. */
  async function suspicionsIn({ clock, leases }: Pool, minutes: number): Promise<number> {
    let seen = 0;
    for (let step = 0; step < minutes * 6; step += 1) {
      await clock.advance(10_000);
      seen += (await leases()).filter(({ ward, quarantine }) => ward ?? quarantine).length;
    }
    return seen;
  }

  it("a zone that fails three times, with half of the fleet in it", async () => {
    const pool = await setPool(4);
    let seen = 0;
    for (let time = 0; time < 3; time += 1) {
      for (const one of pool.world.platform.running("collect").slice(0, 2)) one.crash();
      seen += await suspicionsIn(pool, 3);
    }
    expect([pool.deaths(), seen]).toEqual([6, 0]);
  });

  it("three crashes of all collectors at once", async () => {
    const pool = await setPool(3);
    let seen = 0;
    for (let time = 0; time < 3; time += 1) {
      for (const one of pool.world.platform.running("collect")) one.crash();
      seen += await suspicionsIn(pool, 2);
    }
    expect([pool.deaths(), seen]).toEqual([9, 0]);
  });

  it("three deployments in a row", async () => {
    const pool = await setPool(2);
    let seen = 0;
    for (let time = 0; time < 3; time += 1) {
      pool.world.deploy();
      for (const one of pool.world.platform.running("collect")) one.askToStop();
      seen += await suspicionsIn(pool, 2);
    }
    expect([pool.deaths(), seen]).toEqual([0, 0]);
  });

  it("a collector that is killed now and then, with clean releases between", async () => {
    const pool = await setPool(2);
    let seen = 0;
    for (let time = 0; time < 3; time += 1) {
      pool.world.platform.running("collect")[0]?.crash();
      seen += await suspicionsIn(pool, 1);
      for (const one of pool.world.platform.running("collect")) one.askToStop();
      seen += await suspicionsIn(pool, 1);
    }
    expect([pool.deaths(), seen]).toEqual([3, 0]);
  });
});
