/** The simulated rows of the fault table, in short; `npm run check:faults` measures them at length. */
import { describe, expect, it } from "vitest";
import { rows } from "./rows.ts";

/** On a busy machine; alone each takes some seconds. */
const WITHIN_MS = 180_000;

describe("a fault that must end well", () => {
  for (const { id, goal, simulated } of rows) {
    if (simulated === undefined) continue;
    it(
      `${id}: ${goal}`,
      async () => {
        const { found, holds, notes } = await simulated("quick");
        const against = notes.filter((note) => note.startsWith("✗"));
        expect({ found, holds, against }).toEqual({ found, holds: true, against: [] });
      },
      WITHIN_MS,
    );
  }
});
