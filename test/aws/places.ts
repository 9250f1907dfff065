/** Where everything of `npm run test:aws` lies: one folder of its own, which git doesn't see. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
export const OWN_FOLDER = join(REPOSITORY, ".test-aws");
const HERE = join(REPOSITORY, "test/aws");
const PYTHON = join(OWN_FOLDER, "python");
const RUNTIME = join(OWN_FOLDER, "runtime");

export const places = {
  /** Of what is installed; see install.ts. */
  packages: join(HERE, "packages"),
  python: PYTHON,
  pythonBin: join(PYTHON, "bin"),
  runtime: RUNTIME,
  runtimeClient: join(RUNTIME, "node_modules/aws-lambda-ric/index.mjs"),
  dynamoDbLocal: join(OWN_FOLDER, "dynamodb-local"),
  mavenRepository: join(OWN_FOLDER, "maven"),
  installed: join(OWN_FOLDER, "installed"),
  logs: join(OWN_FOLDER, "logs"),
  /** What `cdk deploy` synthesised, and deployed. */
  assembly: join(OWN_FOLDER, "cdk.out"),
  /** The same stack with every option on, for the linter. */
  fullAssembly: join(OWN_FOLDER, "cdk.out.full"),
  report: join(OWN_FOLDER, "report.json"),
  /** What the suites measured, for people. */
  durations: join(OWN_FOLDER, "durations.txt"),
  /** A bundle that does nothing. */
  emptyBundle: join(OWN_FOLDER, "empty-function"),
  examples: join(REPOSITORY, "examples/events"),
  resolveLocalhost: join(HERE, "resolve-localhost.cjs"),
  sdkCalls: join(HERE, "sdk-calls.py"),
} as const;
