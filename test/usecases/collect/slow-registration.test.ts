/**
 * A registration whose steps are far apart: rounds are committed between a target's record and the
 * touch of its schedule, by an owner that could not know of it.
 */
import { describe, expect, it } from "vitest";
import { cadenceKey, every } from "#domain/cadence.ts";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import { targetReader } from "#domain/reader.ts";
import { after, epochMs, type EpochMs } from "#domain/units.ts";
import { sleep } from "#ports/clock.ts";
import { linesOf } from "#test/support/chaos-checks.ts";
import { collectorWorld, noopTarget } from "#test/support/collector-world.ts";

type World = Awaited<ReturnType<typeof collectorWorld>>;

const CADENCE = every(5_000);
const OLD = noopTarget("old", CADENCE);
const NEW = noopTarget("new", CADENCE);

/** What is read back of a target, by round; and when it was registered. */
async function readBack(world: World, id: string): Promise<{ since: EpochMs; rounds: string[] }> {
  const slots = Array.from({ length: 2 ** world.slotsLog2 }, (_, slot) => slot as never);
  const found = await Promise.all(
    slots.map((slot) => world.schedules.findTarget("test", slot, id)),
  );
  const since = found.find((target) => target !== undefined)?.registeredAt ?? epochMs(0);
  const reader = targetReader({
    id,
    slotsLog2: world.slotsLog2,
    registered: { cadence: cadenceKey(CADENCE), since },
  });
  for (const chunk of world.samples.chunks())
    for (const { lines } of chunk.parts)
      for (const line of linesOf(lines)) {
        const record = parseChunkLine(line);
        if (record !== undefined) reader.add(record);
      }
  const { records } = reader.answer({ since: epochMs(0), until: epochMs(8e15), limit: 1_000 });
  const rounds = records
    .filter(({ round }) => round !== undefined)
    .map(({ kind, round }) => `${kind} ${round ?? 0}`);
  return { since, rounds };
}

/** Registers `NEW` while nothing of what it writes is told for `ms`. */
async function registerSlowly(world: World, ms: number): Promise<void> {
  const touch = world.schedules.touchSchedule.bind(world.schedules);
  world.schedules.touchSchedule = async (...asked) => {
    await sleep(world.clock, ms);
    await touch(...asked);
  };
  await world.register([NEW]);
}

describe("a registration that takes longer than a round", () => {
  it("is accounted for from its beginning, by the owner that committed meanwhile", async () => {
    const world = await collectorWorld({ slotsLog2: 0 });
    await world.register([OLD]);
    const { owner } = world.start();
    await world.clock.advance(20_000);
    await registerSlowly(world, 17_000);
    await world.clock.advance(25_000);
    const now = world.clock.now();
    world.kill(owner);

    const { since, rounds } = await readBack(world, "new");
    const due = world.instants("new", CADENCE, epochMs(since - 1), after(now, -10_000));
    expect(due.length).toBeGreaterThan(5);
    expect(rounds.length).toBeGreaterThanOrEqual(due.length);
    expect(new Set(rounds.map((round) => round.split(" ")[1])).size).toBe(rounds.length);
    expect(rounds.filter((round) => round.startsWith("missed")).length).toBeGreaterThanOrEqual(3);
    expect(rounds.filter((round) => round.startsWith("sample")).length).toBeGreaterThanOrEqual(3);
  });

  it("is accounted for by a new owner, when the one that committed meanwhile died of it", async () => {
    const world = await collectorWorld({ slotsLog2: 0 });
    await world.register([OLD]);
    const { owner } = world.start();
    await world.clock.advance(20_000);
    const registered = registerSlowly(world, 17_000);
    await world.clock.advance(16_000);
    world.kill(owner);
    await registered;
    await world.clock.advance(12_000);
    world.start();
    await world.clock.advance(25_000);
    const now = world.clock.now();

    const { since, rounds } = await readBack(world, "new");
    const due = world.instants("new", CADENCE, epochMs(since - 1), after(now, -10_000));
    expect(due.length).toBeGreaterThan(8);
    expect(rounds.length).toBeGreaterThanOrEqual(due.length);
  });
});
