import { describe, expect, test } from "vitest";
import { cadenceKey } from "#domain/cadence.ts";
import type { Owner } from "#domain/lease.ts";
import { durationMs } from "#domain/units.ts";
import { through } from "#domain/watermark.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { removeTargets } from "#usecases/remove-targets.ts";
import { definition, minute, newWorld, settings, slotOfId, type World } from "./registration-world.ts"; // prettier-ignore

const everyMinute = cadenceKey(minute);
const slot = slotOfId("a");

async function worldWith(...ids: readonly string[]): Promise<World> {
  const world = newWorld();
  await registerTargets(world, settings, ids.map((id) => definition(id))); // prettier-ignore
  return world;
}

const find = (world: World, id: string) => world.schedules.findTarget("test", slotOfId(id), id);

describe("removing targets", () => {
  test("deletes them and names the ids that no target has", async () => {
    const world = await worldWith("a", "b");
    const report = await removeTargets(world, settings, ["a", "x"]);
    expect(report).toEqual({ removed: 1, unknown: ["x"] });
    expect(await find(world, "a")).toBeUndefined();
    expect(await find(world, "b")).toBeDefined();
  });

  test("makes the commit of a collector that knew the target read the slot again; none brings it back", async () => {
    const world = await worldWith("a");
    const [known] = (await world.schedules.readSlot("test", slot)).schedules;
    if (known === undefined) throw new Error("no schedule");
    const commit = {
      ...known,
      epoch: 1,
      by: "collector" as Owner,
      watermark: through(world.clock.now()),
      latest: new Uint8Array(10),
      serviceMs: durationMs(1),
    };
    await removeTargets(world, settings, ["a"]);
    const refused = await world.schedules.commit(commit);
    expect(refused.kind).toBe("revised");
    if (refused.kind !== "revised") return;
    const again = { ...commit, revision: refused.schedule.revision };
    expect((await world.schedules.commit(again)).kind).toBe("committed");
    expect(await find(world, "a")).toBeUndefined();
  });

  test("is repaired by repeating it where it was interrupted before the touch", async () => {
    const world = await worldWith("a");
    const killed: World = {
      ...world,
      schedules: {
        ...world.schedules,
        touchSchedule: () => Promise.reject(new Error("killed")),
      },
    };
    await expect(removeTargets(killed, settings, ["a"])).rejects.toThrow("killed");
    const before = await revision(world);
    await removeTargets(world, settings, ["a"]);
    expect(await revision(world)).toBeGreaterThan(before);
  });

  test("keeps the schedule, whose watermark and epoch are the fence for what comes later", async () => {
    const world = await worldWith("a");
    await removeTargets(world, settings, ["a"]);
    expect(await revision(world)).toBeGreaterThan(1);
  });
});

async function revision(world: World): Promise<number> {
  const schedules = await world.schedules.readSchedules("test", slot);
  return schedules.find(({ cadence }) => cadence === everyMinute)?.revision ?? 0;
}
