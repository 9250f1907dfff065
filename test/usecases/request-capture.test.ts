import { describe, expect, test } from "vitest";
import { targetHash } from "#domain/hash.ts";
import { wholeSpace } from "#domain/range.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { requestCapture } from "#usecases/request-capture.ts";
import { definition, newWorld, settings, slotOfId, type World } from "./registration-world.ts";

async function worldWith(...ids: readonly string[]): Promise<World> {
  const world = newWorld();
  await registerTargets(world, settings, ids.map((id) => definition(id))); // prettier-ignore
  for (const request of await requests(world)) await world.requests.remove(request);
  return world;
}

const requests = (world: World) =>
  world.requests.list(settings.pool, wholeSpace(), settings.slotsLog2);

describe("asking for captures", () => {
  test("puts one request a slot with the keys of those that exist, and names the others", async () => {
    const world = await worldWith("a", "b", "c");
    const report = await requestCapture(world, settings, { kind: "ids", ids: ["a", "a", "x"] });
    expect(report).toEqual({ slots: 1, requested: 1, unknown: ["x"] });
    const resultKeys = [targetHash("a").resultKey];
    expect(await requests(world)).toMatchObject([
      { slot: slotOfId("a"), fresh: false, keys: { kind: "keys", resultKeys } },
    ]);
  });

  test("asks every slot for all", async () => {
    const world = await worldWith("a");
    expect(await requestCapture(world, settings, { kind: "all" })).toEqual({
      slots: 2,
      unknown: [],
    });
    expect((await requests(world)).map(({ keys }) => keys.kind)).toEqual(["all", "all"]);
  });

  test("starts the rebalancer, so that an idle fleet takes it up; not where nothing was asked", async () => {
    const world = await worldWith("a");
    const before = world.invoker.rebalancers.length;
    await requestCapture(world, settings, { kind: "ids", ids: ["x"] });
    expect(world.invoker.rebalancers).toHaveLength(before);
    await requestCapture(world, settings, { kind: "ids", ids: ["a"] });
    expect(world.invoker.rebalancers).toHaveLength(before + 1);
  });

  test("keeps what a registration has asked for", async () => {
    const world = await worldWith("a");
    await registerTargets(world, settings, [definition("a")]);
    await requestCapture(world, settings, { kind: "ids", ids: ["a"] });
    expect(await requests(world)).toMatchObject([{ fresh: true, keys: { kind: "keys" } }]);
  });
});
