/** What becomes of a commit that fails, and of a read that was under way when somebody registered. */
import { expect, test } from "vitest";
import { cadenceKey, every } from "#domain/cadence.ts";
import type { CommitResult } from "#domain/schedule.ts";
import { DependencyError } from "#domain/errors.ts";
import { sleep } from "#ports/clock.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import { collectorWorld, noopTarget } from "#test/support/collector-world.ts";

const SLOW_READ_MS = 3_000;
const RARELY = every(60_000);

test("a commit that had no answer is sent again at once, not with the next round's", async () => {
  const world = await collectorWorld({ slotsLog2: 0 });
  // So that its owner stays.
  const often = noopTarget("often", every(5_000));
  await world.register([noopTarget("rare", RARELY), often]);
  const { schedules, clock } = world;
  const commit = schedules.commit.bind(schedules);
  const answers: { readonly at: number; readonly kind: CommitResult["kind"] | "failed" }[] = [];
  let isBroken = false;
  schedules.commit = async (request) => {
    if (request.cadence !== cadenceKey(RARELY)) return commit(request);
    if (isBroken) {
      isBroken = false;
      answers.push({ at: clock.now(), kind: "failed" });
      throw new DependencyError("out of reach", { retryable: true });
    }
    const result = await commit(request);
    answers.push({ at: clock.now(), kind: result.kind });
    return result;
  };
  world.start();
  await clock.advance(130_000);
  isBroken = true;
  await clock.advance(70_000);
  const failed = answers.findIndex(({ kind }) => kind === "failed");
  const [before, after] = [answers[failed], answers[failed + 1]];
  expect(after?.kind).toBe("committed");
  expect((after?.at ?? Number.POSITIVE_INFINITY) - (before?.at ?? 0)).toBeLessThan(3_000);
});

test("a target that is registered while its slot is read is captured as soon as it is asked for", async () => {
  const world = await collectorWorld({ slotsLog2: 0 });
  await world.register([noopTarget("old", every(5_000)), noopTarget("gone", every(5_000))]);
  const { clock } = world;
  let reads = 0;
  const schedules: ScheduleStore = {
    ...world.schedules,
    async readSlot(...asked) {
      const found = await world.schedules.readSlot(...asked);
      reads += 1;
      await sleep(clock, SLOW_READ_MS);
      return found;
    },
  };
  world.start(1, { deps: { schedules } });
  await clock.advance(30_000);
  // Nobody asks for a capture: it is heard of when a commit is refused, and the slot is read again.
  const before = reads;
  await world.remove(["gone"]);
  for (let step = 0; reads === before && step < 1_000; step += 1) await clock.advance(20);
  await world.register([noopTarget("new", every(3_600_000))]);
  await clock.advance(10_000);
  expect(world.arrivalsOf("new")).toHaveLength(1);
  expect(reads).toBeGreaterThan(before + 1);
});
