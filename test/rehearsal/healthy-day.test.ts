import { expect, it, vi } from "vitest";
import { liveThrough } from "#test/support/rehearsal-healthy.ts";

/** Some fifteen seconds, on a machine that has nothing else to do. */
vi.setConfig({ testTimeout: 300_000 });

/** On days with everything in them that heals by itself; the week is `npm run bench:alarms`. */
it("a healthy day with deploys and crashes in it rings no alarm", async () => {
  const { rings, happened, world } = await liveThrough({
    days: 1,
    seed: 20_261_121,
    // The smallest pool that has hand-overs, and two collectors for half of the day.
    context: { collectors: "1", slots: "4" },
    options: { targets: 24 },
  });
  expect(rings).toEqual([]);
  // It was a day in which something happened, and something was captured.
  expect(happened.map(({ what }) => what)).toContain("a deploy of all functions");
  expect(world.captures()).toBeGreaterThan(24 * 1_440 * 0.99);
  expect(world.platform.counts.started).toBeGreaterThan(2 * 1_440);
});
