import { expect, test } from "vitest";
import { explore, replay, type Step, type World } from "./explore.ts";

/** Two counters; what `flaws` name goes wrong. */
interface Counters {
  readonly left: number;
  readonly right: Readonly<Record<string, number>>;
}

interface Flaws {
  /** No state with these counts is right. */
  readonly broken?: readonly [number, number];
  /** From here nothing goes on. */
  readonly stuck?: readonly [number, number];
  /** Here it goes on to the left, and left of it back again. */
  readonly ring?: boolean;
}

const MOST = 5;
const LIMITS = { statesMax: 1_000, secondsMax: 10 };

function counters(flaws: Flaws = {}): World<Counters> {
  const is = (state: Counters, at: readonly [number, number] | undefined): boolean =>
    at !== undefined && state.left === at[0] && state.right["n"] === at[1];
  const raised = (state: Counters, which: "left" | "right"): Step<Counters>[] => {
    const count = which === "left" ? state.left : (state.right["n"] ?? 0);
    if (count === MOST) return [];
    return [
      {
        label: () => `${which} to ${count + 1}`,
        // A new object each time: equal values are one.
        next:
          which === "left" ? { ...state, left: count + 1 } : { ...state, right: { n: count + 1 } },
        isFault: which === "right",
      },
    ];
  };
  const back = (state: Counters): Step<Counters> => ({
    label: () => "back",
    next: { ...state, left: state.left - 1 },
    isFault: false,
  });
  return {
    name: "counters",
    components: ["left", "right"],
    initial: { left: 0, right: { n: 0 } },
    steps: (state) => [...raised(state, "left"), ...raised(state, "right")],
    broken: (_before, state) => (is(state, flaws.broken) ? "these counts are wrong" : undefined),
    continuation: (state) => {
      if (is(state, flaws.stuck)) return undefined;
      if (flaws.ring === true && state.left === 4) return back(state);
      return raised(state, "left")[0];
    },
    isSettled: (state) => state.left === MOST,
  };
}

test("finds every state once, and says that these are all", () => {
  const found = explore(counters(), LIMITS);
  expect(found).toMatchObject({ kind: "holds", complete: true, states: 36, edges: 60, depth: 10 });
});

test("stops at the limit of states and says so", () => {
  const found = explore(counters(), { ...LIMITS, statesMax: 20 });
  expect(found).toMatchObject({ kind: "holds", complete: false, stoppedAt: "states" });
});

test("stops at the limit of seconds and says so", () => {
  const found = explore(counters(), { ...LIMITS, secondsMax: 0 });
  expect(found).toMatchObject({ kind: "holds", complete: false, stoppedAt: "seconds" });
});

test("finds what is broken by a shortest trace", () => {
  const found = explore(counters({ broken: [2, 1] }), LIMITS);
  if (found.kind !== "broken") throw new Error("expected it to be broken");
  expect(found.what).toBe("these counts are wrong");
  expect(found.trace).toEqual(["left to 1", "left to 2", "right to 1"]);
  expect(found.timeline).toContain("3. right to 1   [fault]\n     right.n: 0 -> 1");
});

test("finds where the shortest way into something stuck begins, not only where it ends", () => {
  const found = explore(counters({ stuck: [3, 2] }), LIMITS);
  if (found.kind !== "broken") throw new Error("expected it to be stuck");
  expect(found.trace).toEqual(["right to 1", "right to 2"]);
  expect(found.what).toBe("stuck: without further faults nothing more happens");
  expect(found.timeline).toContain("from here on, without a fault:\n- left to 1");
});

test("finds what goes round and round", () => {
  const found = explore(counters({ ring: true }), LIMITS);
  expect(found).toMatchObject({
    kind: "broken",
    what: "stuck: without further faults it goes round and round",
    trace: [],
  });
});

test("replays a trace, and says what doesn't hold on the way or at its end", () => {
  const trace = ["left to 1", "left to 2", "right to 1"];
  expect(replay(counters(), trace)).toEqual({
    state: { left: 2, right: { n: 1 } },
    broken: undefined,
  });
  expect(replay(counters({ broken: [2, 1] }), trace).broken).toBe("these counts are wrong");
  expect(replay(counters({ broken: [2, 0] }), trace).broken).toBe(
    "these counts are wrong (after 2 steps)",
  );
  expect(replay(counters({ stuck: [3, 1] }), trace).broken).toMatch(/^stuck/u);
});

test("refuses a trace with a step that there isn't", () => {
  expect(() => replay(counters(), ["left to 2"])).toThrow(
    'no step "left to 2" here; expected one of: left to 1; right to 1',
  );
});
