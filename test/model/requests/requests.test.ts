import { describe, expect, test } from "vitest";
import { after } from "#domain/units.ts";
import { replay } from "../explore.ts";
import { EARLY, MIDDLE, USUAL } from "./bounds.ts";
import { requestsWorld, type Bounds } from "./world.ts";

const QUIET: Bounds = {
  name: "test",
  known: [[EARLY, USUAL]],
  registered: [],
  asked: [],
  asksMax: 0,
  faults: [],
  faultsMax: 0,
  ticksMax: 4,
  mayLetGo: false,
};

describe("the world of requests", () => {
  test("without users and faults it ends with everything due committed, and nothing missed", () => {
    const world = requestsWorld(QUIET);
    let state = world.initial;
    for (let step = 0; step < 200 && state.now < world.initial.now + 11_000; step += 1) {
      const next = world.continuation(state);
      if (next === undefined) break;
      expect(world.broken(state, next.next)).toBeUndefined();
      state = next.next;
    }
    expect(state.kept.samples.length).toBe(3);
    expect(state.kept.missed).toEqual([]);
    expect(world.isSettled(state)).toBe(true);
  });

  test("a target that is registered in a running round is captured in it, or recorded as missed", () => {
    const world = requestsWorld({ ...QUIET, registered: [[MIDDLE, USUAL]] });
    const { state, broken } = replay(world, [
      "the first collector starts what is due",
      `the import of ${MIDDLE} reads the slot`,
      `the import of ${MIDDLE} writes the target`,
      `the import of ${MIDDLE} touches every:4000`,
      `the import of ${MIDDLE} asks for first captures`,
      `the import of ${MIDDLE} is acknowledged`,
    ]);
    expect(broken).toBeUndefined();
    let at = state;
    for (let step = 0; step < 100 && at.kept.samples.length < 4; step += 1)
      at = world.continuation(at)?.next ?? at;
    const names = at.kept.samples.filter((name) => name.startsWith(`${MIDDLE} `));
    expect(names).toEqual([`${MIDDLE} every:4000 +0`, `${MIDDLE} every:4000 +4000`]);
  });
});

describe("what must hold is seen not to", () => {
  const world = requestsWorld({ ...QUIET, asked: [EARLY], asksMax: 1 });
  const asked = world.steps(replay(world, ["the first collector starts what is due"]).state);
  const put = asked.find((step) => step.label().includes("asked for by hand"))?.next;
  if (put === undefined) throw new Error("nobody may ask by hand");

  test("when a request is gone and nobody has served it", () => {
    expect(world.broken(put, put)).toBeUndefined();
    expect(world.broken(put, { ...put, request: undefined })).toContain("neither captured since");
  });

  test("when a watermark goes back", () => {
    const [schedule] = put.schedules;
    if (schedule === undefined) throw new Error("no schedule");
    const earlier = { at: world.initial.now, offset: -2 };
    const after = { ...put, schedules: [{ ...schedule, watermark: earlier }] };
    expect(world.broken(put, after)).toContain("goes back");
  });

  test("when something is committed as done that nobody captured", () => {
    const [schedule] = put.schedules;
    if (schedule === undefined) throw new Error("no schedule");
    const over = { ...schedule, watermark: { at: after(put.now, 2_000), offset: -1 } };
    expect(world.broken(put, { ...put, schedules: [over] })).toContain("neither captured nor");
  });

  test("when a capture is started twice without a fault", () => {
    const wrong = { ...put, started: { ...put.started, wrong: "twice" } };
    expect(world.broken(put, wrong)).toBe("twice");
  });
});
