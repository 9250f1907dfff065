/** The suites of test/aws in a Vitest of their own, told where the stand-ins are. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { places, REPOSITORY } from "./places.ts";
import { run } from "./processes.ts";

const SUITES_WITHIN_MS = 900_000;

export interface Suites {
  readonly environment: Readonly<Record<string, string>>;
  readonly motoPort: number;
  /** undefined where there is no Java. */
  readonly dynamoDbLocalPort: number | undefined;
  /** Whether the stack is there, for the suites that are about it. */
  readonly isDeployed: boolean;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
});

/** A run that ends badly without a failed test counts as one. */
export async function runSuites(wanted: Suites, onOutput: (text: string) => void): Promise<Counts> {
  await rm(places.report, { force: true });
  const { code } = await run(
    {
      command: join(REPOSITORY, "node_modules/.bin/vitest"),
      args: [
        "run",
        "--config",
        "test/aws/vitest.config.ts",
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${places.report}`,
        ...process.argv.slice(2),
      ],
      cwd: REPOSITORY,
      environment: {
        ...wanted.environment,
        TEST_AWS_MOTO_PORT: String(wanted.motoPort),
        TEST_AWS_DYNAMODB_LOCAL_PORT: String(wanted.dynamoDbLocalPort ?? ""),
        TEST_AWS_DEPLOYED: wanted.isDeployed ? "yes" : "",
      },
    },
    SUITES_WITHIN_MS,
    onOutput,
  );
  const text = await readFile(places.report, "utf8").catch(() => undefined);
  if (text === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const counted = vitestReport.parse(JSON.parse(text));
  const failed = counted.numFailedTests;
  return {
    passed: counted.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: counted.numPendingTests,
  };
}
