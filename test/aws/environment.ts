/**
 * What the processes of `npm run test:aws` get to see.
 *
 * Holds: nothing of the person's own account: no AWS_ or CDK_ variable, profile or configuration
 *        file gets through, and every endpoint is a loopback one. It can't reach AWS by mistake.
 */
import { delimiter, dirname, join } from "node:path";
import { places, REPOSITORY } from "./places.ts";

export const ACCOUNT = "123456789012";
export const REGION = "eu-central-1";
const NOT_OURS = /^(?:AWS_|CDK_|SAM_|MOTO_|LAMPLIGHTER_|NODE_OPTIONS$)/u;
const LOOPBACK = "localhost,.localhost,127.0.0.1";

/** As a child process takes it. */
export function definedVariables(
  machine: Readonly<NodeJS.ProcessEnv>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(machine).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** For installing: the machine's own, as its package managers are set up. */
export function plainEnvironment(
  machine: Readonly<NodeJS.ProcessEnv>,
): Readonly<Record<string, string>> {
  const own = Object.fromEntries(
    Object.entries(definedVariables(machine)).filter(([name]) => !NOT_OURS.test(name)),
  );
  const path = [dirname(process.execPath), join(REPOSITORY, "node_modules/.bin"), own["PATH"]];
  return { ...own, PATH: path.filter((part) => part !== undefined).join(delimiter) };
}

/** @param port where the stand-in for AWS listens. */
export function awsEnvironment(
  machine: Readonly<NodeJS.ProcessEnv>,
  port: number,
): Readonly<Record<string, string>> {
  return {
    ...plainEnvironment(machine),
    // The name and not the number: buckets become names below it.
    AWS_ENDPOINT_URL: `http://localhost:${port}`,
    AWS_ENDPOINT_URL_S3: `http://s3.localhost:${port}`,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    NODE_OPTIONS: `--require=${JSON.stringify(places.resolveLocalhost)}`,
    NO_PROXY: LOOPBACK,
    no_proxy: LOOPBACK,
    SAM_CLI_TELEMETRY: "0",
    NO_COLOR: "1",
    CI: "true",
  };
}
