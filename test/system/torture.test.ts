/**
 * One minute of torture (`npm run torture` is half an hour): every kind of blow at least once, on real
 * processes, the real engine and real files, and then the whole audit.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { engineMissing } from "#test/support/engine.ts";
import { DEFAULTS } from "../torture/options.ts";
import { torture } from "../torture/torture.ts";

const MINUTE = {
  ...DEFAULTS,
  ...{ minutes: 1, seed: 20_261_121, collectors: 12, targets: 160, slotsLog2: 5 },
  // So that pauses past the end of a lease, and past until, fit into a minute.
  ...{ ttlMs: 3_000, invocationMs: 40_000, settleMs: 90_000 },
} as const;
/** A minute of blows, a start before and an audit behind; a busy machine takes its time for both. */
const LIMIT_MS = 300_000;

describe.skipIf(engineMissing() !== undefined)("a minute of torture", () => {
  it(
    "loses nothing, captures nothing twice without a fault, and leaves nothing stuck",
    async () => {
      // Kept, with all that it takes to find out why, unless everything held.
      const folder = mkdtempSync(join(tmpdir(), "lamplighter-torture-"));
      const lines: string[] = [];
      const { signal } = new AbortController();
      const rows = await torture(MINUTE, { folder, out: (line) => lines.push(line), signal });
      const broken = rows.filter(({ holds }) => holds === false);
      expect(broken.length === 0 ? [] : [folder, ...broken, lines.join("\n")]).toEqual([]);
      // Rows that are judged: without them nothing would have been looked at.
      expect(rows.filter(({ holds }) => holds === true).length).toBeGreaterThanOrEqual(16);
      rmSync(folder, { recursive: true });
    },
    LIMIT_MS,
  );
});
