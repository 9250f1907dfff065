/**
 * The real rows of the fault table that are short: whole systems with processes that are killed and
 * stopped, and a store behind a proxy. `npm run check:faults` runs the others, and measures.
 */
import { describe, expect, it } from "vitest";
import { rows } from "#test/faults/rows.ts";
import { engineMissing } from "#test/support/engine.ts";

const missing = engineMissing();
/** On a busy machine; alone each takes some ten seconds. */
const WITHIN_MS = 240_000;

describe.skipIf(missing !== undefined)("a fault that must end well, in real processes", () => {
  for (const { id, fault, real, isRealInTests } of rows) {
    if (real === undefined || isRealInTests !== true) continue;
    it(
      `${id}: ${fault}`,
      async () => {
        const { found, holds, notes } = await real("quick");
        const against = notes.filter((note) => note.startsWith("✗"));
        expect({ found, holds, against }).toEqual({ found, holds: true, against: [] });
      },
      WITHIN_MS,
    );
  }
});
