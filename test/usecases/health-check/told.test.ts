/** Counts of a minute are whole once every owner's heartbeat after its end has come. */
import { expect, it } from "vitest";
import { limits } from "#domain/limits.ts";
import { emptyMinute, emptyProgress, minuteOf, type Progress } from "#domain/progress.ts";
import type { EpochMs } from "#domain/units.ts";
import { sleep } from "#ports/clock.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import { HEALTH_CHECK_SETTINGS } from "#usecases/health-check.ts";
import { POOL, setStage } from "./stage.ts";

/** An owner's word in the minute itself, or in the one after it, by when it has counted so many. */
function counted(captures: number, at: EpochMs, minute: number): Progress {
  const counts = { ...emptyMinute(minute), captures };
  const told = emptyProgress(at);
  return minuteOf(at) === minute ? { ...told, current: counts } : { ...told, previous: counts };
}

/** Two owners that have told of 40 captures each, two seconds before the end of 13:01. */
async function setEnd(options: { readonly owners: number }) {
  const stage = await setStage();
  const { clock, own, leases } = stage;
  let reads = 0;
  const counting: LeaseStore = {
    ...leases,
    readFleet: (pool) => ((reads += 1), leases.readFleet(pool)),
  };
  await clock.advance(88_000);
  const minute = minuteOf(clock.now());
  const tell = async (captures: number): Promise<void> => {
    for (let n = 1; n <= options.owners; n += 1)
      await own(n, counted(captures, clock.now(), minute));
  };
  await tell(40);
  await clock.advance(2_000);
  return { ...stage, counting, tell, reads: () => reads };
}

it("waits at a minute's beginning until heartbeats must have told of the last one's end", async () => {
  const { check, clock, counting, tell, reads } = await setEnd({ owners: 2 });
  await clock.advance(500);
  const checking = check({ leases: counting });
  await clock.advance(1_000);
  await tell(50);
  await clock.advance(2_499);
  expect(reads()).toBe(1);
  await clock.advance(1);
  expect((await checking).metrics.Captures).toBe(100);
  expect(reads()).toBe(2);
  expect(clock.now() % 60_000).toBe(limits.heartbeatEveryMs + 1_000);
});

it("waits for nobody where all have told, where nobody owns, or later in a minute", async () => {
  const told = await setEnd({ owners: 2 });
  await told.clock.advance(1_500);
  await told.tell(50);
  expect((await told.check({ leases: told.counting })).metrics.Captures).toBe(100);
  expect(told.reads()).toBe(1);

  const idle = await setEnd({ owners: 0 });
  expect((await idle.check({ leases: idle.counting })).metrics.Captures).toBe(0);
  expect(idle.reads()).toBe(1);

  const late = await setEnd({ owners: 2 });
  await late.clock.advance(HEALTH_CHECK_SETTINGS.toldAfterMs);
  expect((await late.check({ leases: late.counting })).metrics.Captures).toBe(80);
  expect(late.reads()).toBe(1);
});

it("ends the wait when it is told to stop, with what it has", async () => {
  const { check, clock, counting, reads } = await setEnd({ owners: 1 });
  const stop = new AbortController();
  const checking = check({ leases: counting }, stop.signal);
  await clock.advance(100);
  stop.abort();
  expect((await checking).metrics.Captures).toBe(40);
  expect(reads()).toBe(1);
});

it("counts the minute that was whole when it began, though the next ends meanwhile", async () => {
  const { check, clock, leases, own } = await setStage();
  await clock.advance(29_500);
  const minute = minuteOf(clock.now());
  const now = clock.now();
  const previous = { ...emptyMinute(minute - 1), captures: 100, busyMs: 30_000 };
  const current = { ...emptyMinute(minute), captures: 97, busyMs: 20_000 };
  await own(1, { ...emptyProgress(now), previous, current });
  await own(2);
  const slow: LeaseStore = {
    ...leases,
    readFleet: async (pool) => {
      const read = await leases.readFleet(pool);
      await sleep(clock, 1_000);
      return read;
    },
  };
  const checking = check({ leases: slow });
  await clock.advance(1_000);
  expect((await checking).metrics).toMatchObject({ Captures: 100, Utilisation: 50 });
  expect(await leases.readFleet(POOL)).toBeDefined();
});
