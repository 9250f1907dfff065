/** What of `npm run check:model` every run of the tests does: all worlds, each within a small bound. */
import { describe, expect, test } from "vitest";
import { WORLDS } from "./worlds.ts";

/** For a loaded machine; a quiet one takes a tenth of it. */
const TIMEOUT_MS = 300_000;
/** Of worlds that are explored to their end as they are. */
const STATES_MAX = 300_000;

describe.each(WORLDS)("$name", (world) => {
  test.skipIf(world.small === 0)(
    "holds in every state within its small bound",
    () => {
      const statesMax = world.small ?? STATES_MAX;
      const found = world.explore({ statesMax, secondsMax: TIMEOUT_MS / 1_000 });
      if (found.kind === "broken")
        expect.fail(`${found.what}\n${found.timeline}\nAs a test:\n${found.pasteableTest}`);
      // Stopped by the clock, it would have shown less than it says.
      expect(found.stoppedAt).not.toBe("seconds");
      expect(found.states).toBeGreaterThan(100);
    },
    TIMEOUT_MS,
  );
});
