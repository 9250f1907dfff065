import { describe, expect, test } from "vitest";
import { explore, replay } from "../explore.ts";
import { EXCHANGE, HAND_OVERS, LATE_GIVE, LOSSY_GIVE, RELEASE } from "./bounds.ts";
import type { Bounds } from "./state.ts";
import { leaseKeyOf } from "./times.ts";
import { handOverWorld } from "./world.ts";

/** Far more than these worlds have, and far longer than they take. */
const LIMITS = { statesMax: 100_000, secondsMax: 300 };

function outcome(bounds: Bounds): { readonly what: string; readonly complete: boolean } {
  const found = explore(handOverWorld(bounds), LIMITS);
  return found.kind === "broken"
    ? { what: `${found.what}\n${found.timeline}`, complete: false }
    : { what: "holds", complete: found.complete };
}

describe("slots that change hands", () => {
  test("lose nothing, repeat nothing and get stuck nowhere when answers and chunks are lost", () => {
    expect(outcome(LOSSY_GIVE)).toEqual({ what: "holds", complete: true });
  }, 120_000);

  test("nor when a give or a commit lands long after its sender has stopped asking", () => {
    expect(outcome(LATE_GIVE)).toEqual({ what: "holds", complete: true });
  }, 120_000);

  test("a release whose answer is lost loses nothing of what is kept, though a successor waits", () => {
    const faults = { crash: 0, pause: 0, chunk: 0, late: 0, lost: 1 };
    const found = outcome({ ...RELEASE, rounds: 2, faults });
    expect(found.what).toBe("holds");
  }, 120_000);

  test("givers whose own epochs have risen since commit what they keep under the old ones", () => {
    expect(outcome({ ...EXCHANGE, rounds: 1 }).what).toBe("holds");
  }, 120_000);
});

describe("what is asked of a hand-over", () => {
  test("is missed by processes that never start: the world says what is stuck", () => {
    const found = explore(handOverWorld({ ...RELEASE, processes: [], owns: [] }), LIMITS);
    expect(found.kind).toBe("broken");
  });
});

describe("each world of hand-overs", () => {
  test.each(HAND_OVERS)("$name begins where it says", ({ begun = [], ...bounds }) => {
    expect(replay(handOverWorld(bounds), begun).broken).toBeUndefined();
  });

  test.each(HAND_OVERS)("$name has a collector left to start, whatever happens", (bounds) => {
    const { choices, faults, leases, processes } = bounds;
    // Each of these takes one away at most: an owner ends, or a start was for nothing.
    const gone = choices.releases + choices.starts + faults.crash + faults.pause;
    for (const lease of leases) {
      const left = processes.filter((key) => leaseKeyOf(key) === lease).length - gone;
      expect(left, lease).toBeGreaterThanOrEqual(1);
    }
  });
});
