/** Suites on the stand-ins: one file after the other, in the order of their names. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => a.moduleId.localeCompare(b.moduleId)));
  }
}

export default defineConfig({
  cacheDir: fileURLToPath(new URL("../../.test-aws/vite", import.meta.url)),
  test: {
    root: fileURLToPath(new URL("../../", import.meta.url)),
    include: ["test/aws/**/*.aws.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 90_000,
    teardownTimeout: 10_000,
    sequence: { sequencer: ByName },
  },
});
