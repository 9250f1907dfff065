import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cadenceKey, cron, every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { effectiveTimeoutMs } from "#domain/instant.ts";
import { durationByte, failureByte, LATEST_BYTES } from "#domain/latest.ts";
import type { Owner } from "#domain/lease.ts";
import type { TargetRecord } from "#domain/reader.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import type { FailureCode, SampleRecord } from "#domain/sample.ts";
import { newSchedule } from "#domain/schedule.ts";
import type { Target } from "#domain/target.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import { through } from "#domain/watermark.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { findStatus, listStatuses } from "#usecases/status.ts";
import { figuresOf } from "#usecases/status/figures.ts";
import { nextInstant } from "#usecases/status/next-instant.ts";
import { readAhead } from "#usecases/status/read-ahead.ts";
import { statusesIn } from "#usecases/status/target-status.ts";
import { at } from "#test/support/settable-clock.ts";
import { definition, hour, minute, newWorld, settings, slotOfId } from "./registration-world.ts";

const noon = at("2026-11-21T12:00:00Z");

interface Result {
  readonly id: string;
  readonly failure?: FailureCode;
  readonly since: number;
}

function packed(results: readonly Result[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(results.length * LATEST_BYTES));
  results.forEach(({ id, failure, since }, index) => {
    const at = index * LATEST_BYTES;
    view.setUint32(at, targetHash(id).resultKey);
    view.setUint8(at + 4, failureByte(failure));
    view.setUint8(at + 5, durationByte(100));
    view.setUint32(at + 6, since / 1_000);
  });
  return new Uint8Array(view.buffer);
}

function target(id: string, over: Partial<Target> = {}): Target {
  return { ...definition(id), pool: "test", revision: "r", registeredAt: noon, ...over };
}

describe("the status of targets", () => {
  test("is up, down or waiting, since the first capture that was alike", () => {
    const schedule = {
      ...newSchedule("test", slotOfId("a", 0), cadenceKey(minute), noon),
      latest: packed([
        { id: "a", since: noon },
        { id: "b", failure: "connect", since: noon - 5_000 },
      ]),
    };
    const targets = ["a", "b", "c"].map((id) => target(id));
    const contents = { schedules: [schedule], targets, broken: [], bytes: 0 };
    expect(statusesIn(contents, 0).map(({ state }) => state)).toMatchObject([
      { kind: "up", since: noon },
      { kind: "down", since: noon - 5_000, failure: "connect" },
      { kind: "waiting" },
    ]);
  });

  test("comes from the old schedule until the new cadence has captured it", () => {
    const of = (cadence: typeof minute, results: readonly Result[]) => ({
      ...newSchedule("test", slotOfId("a", 0), cadenceKey(cadence), noon),
      latest: packed(results),
    });
    const contents = (newer: readonly Result[]) => ({
      schedules: [of(minute, [{ id: "a", failure: "dns", since: noon }]), of(hour, newer)],
      targets: [target("a", { cadence: hour })],
      broken: [],
      bytes: 0,
    });
    expect(statusesIn(contents([]), 0)).toMatchObject([{ state: { kind: "down" } }]);
    const captured = contents([{ id: "a", since: noon - 60_000 }]);
    expect(statusesIn(captured, 0)).toMatchObject([{ state: { kind: "up" } }]);
  });

  test("is listed slot by slot, every target once, and found by id", async () => {
    const world = newWorld();
    const ids = ["a", "b", "c", "d", "e"];
    await registerTargets(world, settings, ids.map((id) => definition(id))); // prettier-ignore
    const listed: string[] = [];
    const slots: number[] = [];
    for await (const { slot, statuses } of listStatuses(world.schedules, settings)) {
      slots.push(slot);
      listed.push(...statuses.map((status) => status.target.id));
    }
    expect(slots).toEqual([0, 1]);
    expect(listed.toSorted()).toEqual(ids);
    expect((await findStatus(world.schedules, settings, "c"))?.target.id).toBe("c");
    expect(await findStatus(world.schedules, settings, "x")).toBeUndefined();
  });
});

describe("reading ahead", () => {
  test("yields in order, with no more than so many open", async () => {
    let [open, most] = [0, 0];
    const read = async (item: number): Promise<number> => {
      open += 1;
      most = Math.max(most, open);
      for (let turn = 0; turn < 20 + ((item * 7) % 5); turn += 1) await Promise.resolve();
      open -= 1;
      return item;
    };
    const items = Array.from({ length: 50 }, (_, index) => index);
    const found: number[] = [];
    for await (const item of readAhead(items, 4, read)) found.push(item);
    expect(found).toEqual(items);
    expect(most).toBe(4);
  });

  test("starts nothing after its reader has stopped, and fails in order", async () => {
    const started: number[] = [];
    const read = (item: number): Promise<number> => {
      started.push(item);
      return item === 3 ? Promise.reject(new Error("three")) : Promise.resolve(item);
    };
    for await (const item of readAhead([1, 2, 3, 4, 5], 2, read)) if (item === 1) break;
    expect(started).toEqual([1, 2]);
    const found: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const item of readAhead([1, 2, 3, 4, 5], 2, read)) found.push(item);
    };
    await expect(reading()).rejects.toThrow("three");
    expect(found).toEqual([1, 2]);
  });
});

describe("when a target is captured next", () => {
  test("is after now, within its period, and stays in phase", () => {
    const moments = fc.integer({ min: noon, max: noon + 86_400_000 }).map(epochMs);
    const cadences = fc.constantFrom(every(1_000), every(10_000), minute, hour, POLICIES_DEFAULT.standard); // prettier-ignore
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        cadences,
        fc.integer({ min: 0, max: 12 }),
        moments,
        (text, cadence, slotsLog2, now) => {
          const one = target(`t${encodeURIComponent(text.toWellFormed())}`.slice(0, 200), {
            cadence,
          });
          const next = nextInstant(one, slotsLog2, now);
          const period = cadence.kind === "every" ? cadence.periodMs : 0;
          expect(next).toBeGreaterThan(now);
          expect(next).toBeLessThanOrEqual(now + period);
          expect(nextInstant(one, slotsLog2, epochMs(next ?? 0))).toBe((next ?? 0) + period);
        },
      ),
    );
  });

  test("of a cron expression is at its moment, spread over two seconds", () => {
    const daily = target("a", { cadence: cron("0 8 * * *") });
    const next = nextInstant(daily, 6, noon) ?? 0;
    const moment = at("2026-11-22T08:00:00Z");
    expect(next).toBeGreaterThanOrEqual(moment);
    expect(next).toBeLessThan(moment + 2_000);
  });

  test("leaves less time than was asked for where rounds would overlap", () => {
    expect(effectiveTimeoutMs(every(5_000), 6, 10_000)).toBeLessThan(5_000);
  });
});

describe("the figures of a span", () => {
  const cadence = cadenceKey(minute);
  const slot = slotOfId("a");
  const sample = (n: number, ms: number, failure?: FailureCode): SampleRecord => ({
    kind: "sample",
    target: "a",
    slot,
    cadence,
    round: epochMs(noon + n * 60_000),
    epoch: 1,
    capture: {
      startedAt: epochMs(noon + n * 60_000),
      durationMs: durationMs(ms),
      values: {},
      ...(failure !== undefined && { failure: { code: failure, message: `failed ${n}` } }),
    },
  });
  const missed: TargetRecord = {
    kind: "missed",
    target: "a",
    cadence,
    round: noon,
    dueAt: noon,
    reason: "late",
    epoch: 1,
  };

  test("of nothing are nothing", () => {
    expect(figuresOf([])).toEqual({ captures: 0, failed: 0, missed: 0 });
  });

  test("count captures, failures and missed rounds apart, and name the last failure", () => {
    const records = [sample(1, 10), sample(2, 5_000, "timeout"), missed, sample(3, 20)];
    expect(figuresOf(records)).toMatchObject({
      captures: 3,
      failed: 1,
      missed: 1,
      uptime: 2 / 3,
      p95Ms: 20,
      lastFailure: { at: noon + 120_000, code: "timeout", message: "failed 2" },
    });
  });

  test("have the latency that 95 % of the successful captures did not exceed", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => sample(index, index + 1));
    expect(figuresOf(hundred).p95Ms).toBe(95);
    expect(figuresOf([sample(1, 7)]).p95Ms).toBe(7);
  });
});

test("a collector's commit is what status reads", async () => {
  const world = newWorld();
  await registerTargets(world, settings, [definition("a")]);
  const [known] = await world.schedules.readSchedules("test", slotOfId("a"));
  if (known === undefined) throw new Error("no schedule");
  await world.schedules.commit({
    ...known,
    epoch: 1,
    by: "collector" as Owner,
    watermark: through(noon),
    latest: packed([{ id: "a", failure: "tls", since: noon }]),
    serviceMs: durationMs(1),
  });
  const status = await findStatus(world.schedules, settings, "a");
  expect(status?.state).toMatchObject({ kind: "down", failure: "tls", since: noon });
});
