import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cadenceKey, every, type CadenceKey } from "#domain/cadence.ts";
import { DependencyError } from "#domain/errors.ts";
import { targetHash } from "#domain/hash.ts";
import { failureByte, durationByte, LATEST_BYTES } from "#domain/latest.ts";
import { wholeSpace, slotsIn } from "#domain/range.ts";
import type { Owner } from "#domain/lease.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { durationMs, type EpochMs } from "#domain/units.ts";
import { through, upTo } from "#domain/watermark.ts";
import type { SlotContents } from "#ports/schedule-store.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { at } from "#test/support/settable-clock.ts";
import {
  definition,
  hour,
  memoryStores,
  minute,
  newWorld,
  settings,
  slotOfId,
  type World,
} from "./registration-world.ts";

const noon = at("2026-11-21T12:00:00Z");

async function contents(world: World, id: string): Promise<SlotContents> {
  return world.schedules.readSlot(settings.pool, slotOfId(id));
}

async function find(world: World, id: string) {
  return world.schedules.findTarget(settings.pool, slotOfId(id), id);
}

async function schedule(world: World, id: string, cadence: CadenceKey) {
  return (await contents(world, id)).schedules.find((one) => one.cadence === cadence);
}

async function requestOf(world: World, id: string) {
  const all = await world.requests.list(settings.pool, wholeSpace(), settings.slotsLog2);
  return all.find((request) => request.slot === slotOfId(id));
}

/** As a collector does: what was read is captured and committed. */
async function captureAll(world: World, now: EpochMs): Promise<void> {
  for (const slot of slotsIn(wholeSpace(), settings.slotsLog2)) {
    const { schedules, targets } = await world.schedules.readSlot(settings.pool, slot);
    for (const known of schedules) {
      const keys = targets
        .filter(({ cadence }) => cadenceKey(cadence) === known.cadence)
        .map(({ id }) => targetHash(id).resultKey);
      const result = await world.schedules.commit({
        ...known,
        epoch: 1,
        by: "collector" as Owner,
        watermark: through(now),
        latest: packed(keys),
        serviceMs: durationMs(1),
      });
      expect(result.kind).toBe("committed");
    }
  }
  for (const request of await world.requests.list(
    settings.pool,
    wholeSpace(),
    settings.slotsLog2,
  )) {
    await world.requests.remove(request);
  }
}

function packed(keys: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(keys.length * LATEST_BYTES));
  keys.forEach((key, index) => {
    view.setUint32(index * LATEST_BYTES, key);
    view.setUint8(index * LATEST_BYTES + 4, failureByte(undefined));
    view.setUint8(index * LATEST_BYTES + 5, durationByte(1));
  });
  return new Uint8Array(view.buffer);
}

const everyMinute = cadenceKey(minute);
const everyHour = cadenceKey(hour);

describe("registering targets", () => {
  test("writes the target, makes its schedule and asks for a first capture", async () => {
    const world = newWorld();
    const report = await registerTargets(world, settings, [definition("a")]);
    expect(report).toMatchObject({ added: 1, changed: 0, unchanged: 0, done: 1, end: "complete" });
    expect(await find(world, "a")).toMatchObject({ id: "a", pool: "test", registeredAt: noon });
    expect(await schedule(world, "a", everyMinute)).toMatchObject({ watermark: upTo(noon) });
    expect(await requestOf(world, "a")).toMatchObject({ fresh: true });
    expect(world.invoker.rebalancers).toEqual(["test"]);
  });

  test("leaves a captured target that is as it was alone, and asks for nothing", async () => {
    const world = newWorld();
    await registerTargets(world, settings, [definition("a")]);
    await captureAll(world, noon);
    const before = await find(world, "a");
    await world.clock.advance(60_000);
    const report = await registerTargets(world, settings, [definition("a")]);
    expect(report).toMatchObject({ added: 0, changed: 0, unchanged: 1 });
    expect(await find(world, "a")).toEqual(before);
    expect(await requestOf(world, "a")).toBeUndefined();
    expect(world.invoker.rebalancers).toHaveLength(1);
  });

  test("keeps the moment of registration when settings change, and raises the revision", async () => {
    const world = newWorld();
    await registerTargets(world, settings, [definition("a")]);
    await captureAll(world, noon);
    const before = await schedule(world, "a", everyMinute);
    await world.clock.advance(60_000);
    const report = await registerTargets(world, settings, [definition("a", { tags: { x: "y" } })]);
    expect(report).toMatchObject({ changed: 1 });
    expect(await find(world, "a")).toMatchObject({ registeredAt: noon, tags: { x: "y" } });
    const after = await schedule(world, "a", everyMinute);
    expect(after?.revision).toBeGreaterThan(before?.revision ?? 0);
    // An open commit stays good but for the revision.
    expect(after).toMatchObject({ version: before?.version, watermark: before?.watermark });
  });

  test("touches both schedules when a cadence changes, and captures it at its next round only", async () => {
    const world = newWorld();
    await registerTargets(world, settings, [definition("a")]);
    await captureAll(world, noon);
    const before = await schedule(world, "a", everyMinute);
    await world.clock.advance(90_000);
    await registerTargets(world, settings, [definition("a", { cadence: hour })]);
    expect(await find(world, "a")).toMatchObject({ registeredAt: at("2026-11-21T12:01:30Z") });
    expect((await schedule(world, "a", everyMinute))?.revision).toBe((before?.revision ?? 0) + 1);
    expect((await schedule(world, "a", everyHour))?.watermark).toEqual(
      upTo(at("2026-11-21T12:01:30Z")),
    );
    // It tells collectors to look, and asks for no target that was captured before.
    expect(await requestOf(world, "a")).toMatchObject({
      fresh: true,
      keys: { kind: "keys", resultKeys: [] },
    });
  });

  test("takes a policy's cadence from the pool's policies", async () => {
    const world = newWorld();
    const policies = { alerting: every(5_000), standard: hour };
    const named = definition("a", { policy: "alerting", cadence: every(600_000) });
    await registerTargets(world, { ...settings, policies }, [named]);
    expect(await find(world, "a")).toMatchObject({ policy: "alerting", cadence: every(5_000) });
  });

  test("restarts a schedule whose targets have all gone: nothing was due meanwhile", async () => {
    const world = newWorld();
    await registerTargets(world, settings, [definition("a")]);
    await captureAll(world, noon);
    await world.schedules.removeTargets(settings.pool, slotOfId("a"), ["a"]);
    await world.clock.advance(86_400_000);
    await registerTargets(world, settings, [definition("a")]);
    expect((await schedule(world, "a", everyMinute))?.watermark).toEqual(upTo(world.clock.now()));
  });

  test("never moves the watermark of a schedule that has a target: what is due stays due", async () => {
    const world = newWorld({ ...memoryStores() });
    const [a, b] = sameSlot();
    await registerTargets(world, settings, [definition(a)]);
    await world.clock.advance(86_400_000);
    await registerTargets(world, settings, [definition(b)]);
    expect((await schedule(world, a, everyMinute))?.watermark).toEqual(upTo(noon));
  });

  test("takes the last of several definitions with one id, and names it", async () => {
    const world = newWorld();
    const twice = [definition("a", { tags: { n: "1" } }), definition("a", { tags: { n: "2" } })];
    const report = await registerTargets(world, settings, twice);
    expect(report).toMatchObject({ read: 2, added: 1, replaced: 1, replacedIds: ["a"] });
    expect(await find(world, "a")).toMatchObject({ tags: { n: "2" } });
  });

  test("refuses what can't be kept by itself, and registers the rest", async () => {
    const world = newWorld();
    const long = definition("long", { tags: { x: "y".repeat(40_000) } });
    const report = await registerTargets(world, settings, [definition(""), long, definition("b")]);
    expect(report).toMatchObject({ refused: 2, added: 1 });
    expect(report.refusals.map(({ where }) => where)).toEqual(["target id", "target long"]);
  });

  test("waits and tries again while the store is busy, and counts each target once", async () => {
    const world = newWorld();
    const { schedules } = world;
    let failures = 3;
    const busy: World = {
      ...world,
      schedules: {
        ...schedules,
        putTargets: async (...args) => {
          await schedules.putTargets(...args);
          failures -= 1;
          // The writes were done, the answer was lost.
          if (failures >= 0) throw new DependencyError("busy", { retryable: true });
        },
      },
    };
    const registering = registerTargets(busy, settings, [definition("a")]);
    await world.clock.advance(10_000);
    expect(await registering).toMatchObject({ added: 1, unchanged: 0 });
    expect(await requestOf(world, "a")).toMatchObject({ fresh: true });
  });

  test("gives up where the store stays busy, or says that waiting won't help", async () => {
    const world = newWorld();
    const failing = (retryable: boolean): World => ({
      ...world,
      requests: {
        ...world.requests,
        put: () => Promise.reject(new DependencyError("no", { retryable })),
      },
    });
    await expect(registerTargets(failing(false), settings, [definition("a")])).rejects.toThrow(
      "no",
    );
    const registering = registerTargets(failing(true), settings, [definition("a")]);
    const refused = expect(registering).rejects.toThrow("no");
    await world.clock.advance(60_000);
    await refused;
  });

  test("succeeds where the rebalancer can't be started: its schedule does that", async () => {
    const world = newWorld();
    const invoker = {
      ...world.invoker,
      startRebalancer: () => Promise.reject(new DependencyError("gone", { retryable: true })),
    };
    const report = await registerTargets({ ...world, invoker }, settings, [definition("a")]);
    expect(report).toMatchObject({ added: 1, end: "complete" });
  });

  test("ends when it is interrupted, with what is counted acknowledged", async () => {
    const world = newWorld();
    const controller = new AbortController();
    function* source(): Generator<TargetDefinition> {
      yield definition("a");
      controller.abort();
      yield definition("b");
    }
    const { signal } = controller;
    const report = await registerTargets(world, settings, source(), { signal });
    expect(report).toMatchObject({ end: "interrupted", done: 0 });
    expect(await find(world, "a")).toBeUndefined();
  });
});

/** Two ids in one slot. */
function sameSlot(): [string, string] {
  const other = ["b", "c", "d", "e", "f", "g", "h", "i", "j"].find(
    (id) => slotOfId(id) === slotOfId("a"),
  );
  if (other === undefined) throw new Error("none of them shares the slot of a");
  return ["a", other];
}

describe("an import that was interrupted", () => {
  /** Fails at the nth write, whichever it is. */
  function failingAt(world: World, step: number): World {
    let left = step;
    const guarded = <Args extends unknown[]>(write: (...args: Args) => Promise<void>) => {
      return async (...args: Args): Promise<void> => {
        left -= 1;
        if (left < 0) throw new Error("killed");
        await write(...args);
      };
    };
    const { schedules, requests } = world;
    return {
      ...world,
      schedules: {
        ...schedules,
        putTargets: guarded((...args) => schedules.putTargets(...args)),
        touchSchedule: guarded((...args) => schedules.touchSchedule(...args)),
      },
      requests: { ...requests, put: guarded((request) => requests.put(request)) },
    };
  }

  async function targetsOf(world: World) {
    const slots = slotsIn(wholeSpace(), settings.slotsLog2);
    const all = await Promise.all(slots.map((slot) => world.schedules.readSlot("test", slot)));
    return all
      .flatMap(({ targets }) => targets)
      .map(({ registeredAt: _, ...rest }) => rest)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  const cadences = fc.constantFrom(minute, hour, every(5_000));
  const ids = ["a", "b", "c", "d", "e", "f"];
  const imports = fc.uniqueArray(
    fc.record({ id: fc.constantFrom(...ids), cadence: cadences, tag: fc.constantFrom("1", "2") }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 6 },
  );

  test("is repaired by repeating it, wherever it was interrupted", async () => {
    await fc.assert(
      fc.asyncProperty(
        imports,
        imports,
        fc.boolean(),
        fc.nat(24),
        async (before, wanted, captured, step) => {
          const made = (list: typeof wanted) =>
            list.map(({ id, cadence, tag }) => definition(id, { cadence, tags: { tag } }));
          const world = newWorld();
          await registerTargets(world, settings, made(before));
          if (captured) await captureAll(world, world.clock.now());
          await world.clock.advance(1_000);
          // What a collector has cached, by the revisions that it knows.
          const cached = await revisions(world);
          const stale = await cadencesOf(world);
          await registerTargets(failingAt(world, step), settings, made(wanted)).catch(
            () => undefined,
          );
          await world.clock.advance(1_000);
          await registerTargets(world, settings, made(wanted));

          const clean = newWorld();
          await registerTargets(clean, settings, made(before));
          await registerTargets(clean, settings, made(wanted));
          expect(await targetsOf(world)).toEqual(await targetsOf(clean));

          const known = await revisions(world);
          const kept = new Set(before.map(({ id }) => id));
          for (const { id, cadence } of wanted) {
            const key = `${slotOfId(id)} ${cadenceKey(cadence)}`;
            expect(known.get(key) ?? 0).toBeGreaterThan(cached.get(key) ?? 0);
            const old = stale.get(id);
            if (captured && old !== undefined) {
              expect(known.get(old) ?? 0).toBeGreaterThan(cached.get(old) ?? 0);
            }
            const isFresh = !captured || !kept.has(id);
            if (isFresh) expect(await requestOf(world, id)).toMatchObject({ fresh: true });
          }
          await expectNothingSkipped(world);
        },
      ),
      { numRuns: 300 },
    );
  });

  async function revisions(world: World): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    for (const slot of slotsIn(wholeSpace(), settings.slotsLog2)) {
      for (const one of await world.schedules.readSchedules("test", slot)) {
        found.set(`${slot} ${one.cadence}`, one.revision);
      }
    }
    return found;
  }

  async function cadencesOf(world: World): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const slot of slotsIn(wholeSpace(), settings.slotsLog2)) {
      for (const { id, cadence } of (await world.schedules.readSlot("test", slot)).targets) {
        found.set(id, `${slot} ${cadenceKey(cadence)}`);
      }
    }
    return found;
  }

  /** No target was registered before the watermark of a schedule that never captured it. */
  async function expectNothingSkipped(world: World): Promise<void> {
    for (const slot of slotsIn(wholeSpace(), settings.slotsLog2)) {
      const { schedules, targets } = await world.schedules.readSlot("test", slot);
      for (const one of schedules.filter(({ epoch }) => epoch === 0)) {
        const its = targets.filter(({ cadence }) => cadenceKey(cadence) === one.cadence);
        for (const target of its) {
          expect(target.registeredAt).toBeGreaterThanOrEqual(one.watermark.at);
        }
      }
    }
  }
});

describe("a large import", () => {
  test("holds a bounded batch, writes no partition faster than it bears, and tells its progress", async () => {
    const stores = memoryStores();
    const world = newWorld(stores);
    const puts = new Map<number, { units: number; from: number; to: number }>();
    const source = { taken: 0, done: 0, aheadMost: 0 };
    const watched: World = {
      ...world,
      schedules: {
        ...stores.schedules,
        putTargets: async (pool, slot, targets) => {
          const now = world.clock.now();
          const known = puts.get(slot) ?? { units: 0, from: now, to: now };
          puts.set(slot, { units: known.units + targets.length, from: known.from, to: now });
          expect(targets.length).toBeLessThanOrEqual(50);
          await stores.schedules.putTargets(pool, slot, targets);
        },
      },
    };
    function* definitions(): Generator<TargetDefinition> {
      for (let n = 0; n < 45_000; n += 1) {
        source.taken += 1;
        source.aheadMost = Math.max(source.aheadMost, source.taken - source.done);
        yield definition(`target-${n}`);
      }
    }
    const seen: number[] = [];
    const importing = registerTargets(watched, { ...settings, slotsLog2: 4 }, definitions(), {
      onProgress: ({ done }) => {
        source.done = done;
        seen.push(done);
      },
    });
    const ended = importing.then(() => "ended");
    for (let second = 0; second < 600; second += 1) {
      if ((await Promise.race([ended, world.clock.advance(1_000)])) === "ended") break;
    }
    expect(await importing).toMatchObject({ added: 45_000, slots: 16, end: "complete" });
    expect(source.aheadMost).toBeLessThanOrEqual(20_000);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    for (const { units, from, to } of puts.values()) {
      // The last piece has no pause after it.
      expect((units - 50) / ((to - from) / 1_000)).toBeLessThanOrEqual(500);
    }
    // Once a batch, not once a target.
    expect(world.invoker.rebalancers).toHaveLength(3);
  });
});
