import { describe, expect, it } from "vitest";
import { setStage, type Stage } from "./stage.ts";

const FAR_MS = 3_600_000;
/** The older run looks at each even second, and hands over 2.5 s after the newer one has begun. */
const NEWER_AT_MS = 60_300;
const OLDER_LAST_LOOK_MS = 62_000;
const ARISES_MS = 62_200;
const NEWER_LOOKS_MS = 62_300;
const SOON_MS = 100;

/** Lease 1 is owned throughout: there is always something to watch. Starts are expected to take 3 s. */
async function twoRuns(stage: Stage): Promise<readonly number[]> {
  await stage.own(1, { untilMs: Infinity, then: "dies" });
  void stage.run("a", { startMs: 3_000 });
  stage.clock.after(NEWER_AT_MS, () => void stage.run("b", { startMs: 3_000 }));
  await stage.clock.advance(80_000);
  return stage.starts.filter(({ lease }) => Number(lease) === 2).map(({ at }) => at);
}

describe("what arises between the older run's last look and its end", () => {
  it("is seen to by the newer run: a lease that is due at once", async () => {
    const stage = await setStage({ leases: 2, nextDueMs: FAR_MS });
    await stage.own(2, { untilMs: ARISES_MS, then: "releases", nextDueMs: ARISES_MS });
    const [first = Infinity, ...more] = await twoRuns(stage);
    expect(first).toBeGreaterThan(OLDER_LAST_LOOK_MS);
    expect(first).toBeLessThanOrEqual(NEWER_LOOKS_MS + SOON_MS);
    expect(more).toEqual([]);
  });

  it("is seen to by the newer run: a request", async () => {
    const stage = await setStage({ leases: 2, nextDueMs: FAR_MS });
    stage.clock.after(ARISES_MS, () => void stage.request(15));
    const [first = Infinity, ...more] = await twoRuns(stage);
    expect(first).toBeLessThanOrEqual(NEWER_LOOKS_MS + SOON_MS);
    expect(more).toEqual([]);
  });
});
