/**
 * Two groups: what runs side by side, and whole systems, which start engines and processes of their
 * own and so run one file after the other, when everything else is done.
 */
import { defineConfig } from "vitest/config";

const WHOLE_SYSTEMS = "test/system/**/*.test.ts";

const shared = {
  pool: "forks",
  testTimeout: 30_000,
  hookTimeout: 30_000,
  teardownTimeout: 10_000,
  restoreMocks: true,
  unstubEnvs: true,
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: [WHOLE_SYSTEMS],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: "system",
          include: [WHOLE_SYSTEMS],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
