/**
 * Where the parts of a deployed stack are: its CloudFormation outputs, parsed.
 *
 * Region and credentials come from where the SDK looks for them: environment, profile, single
 * sign-on.
 *
 * Fails: InvalidInputError for no region, no such stack, and a stack that isn't ours; DependencyError
 *        when AWS can't be asked.
 */
import { CloudFormationClient, DescribeStacksCommand, type Stack } from "@aws-sdk/client-cloudformation"; // prettier-ignore
import { NodeHttpHandler } from "@smithy/node-http-handler";
import * as z from "zod";
import { InvalidInputError } from "#domain/errors.ts";
import type { FunctionName } from "#functions/manifest.ts";
import type { StackChoice } from "../stack-choice.ts";
import { awsError } from "./aws-error.ts";
import { chosenProfile } from "./aws-profile.ts";

export interface Deployment {
  readonly stack: string;
  readonly region: string;
  readonly pool: string;
  readonly leaseTableName: string;
  readonly targetTableName: string;
  /** `s3://bucket/prefix` */
  readonly samplesLocation: string;
  readonly metricsNamespace: string;
  readonly functionNames: Readonly<Record<FunctionName, string>>;
}

const output = z.string().min(1);

const outputsSchema = z.object({
  PoolName: output,
  LeaseTableName: output,
  TargetTableName: output,
  SamplesLocation: output,
  MetricsNamespace: output,
  RebalanceFunctionName: output,
  CollectFunctionName: output,
  HealthCheckFunctionName: output,
});

/** What the command line needs a stack to tell: test/infra/by-hand.test.ts compares it with the template. */
export const OUTPUTS_NEEDED: readonly string[] = Object.keys(outputsSchema.shape);

const ATTEMPTS_MAX = 3;
/** A person waits, perhaps on another continent. */
const CONNECT_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * @param requestTimeoutMs of one attempt of three.
 * @throws InvalidInputError, DependencyError.
 */
export async function describeDeployment(
  choice: StackChoice,
  requestTimeoutMs: number = REQUEST_TIMEOUT_MS,
): Promise<Deployment> {
  const client = new CloudFormationClient({
    maxAttempts: ATTEMPTS_MAX,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECT_TIMEOUT_MS,
      // From sent to headers; without `throwOnRequestTimeout` it would only warn.
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      // An answer that stalls halfway.
      socketTimeout: requestTimeoutMs,
    }),
  });
  try {
    const region = await regionOf(client);
    return asDeployment(await describe(client, choice, region), region);
  } finally {
    client.destroy();
  }
}

async function regionOf(client: CloudFormationClient): Promise<string> {
  try {
    return await client.config.region();
  } catch (cause) {
    const profile = chosenProfile();
    if (profile.kind === "missing") {
      const [found, expected] = [JSON.stringify(profile.name), `a profile of ${profile.where}`];
      throw new InvalidInputError({ where: "AWS_PROFILE", found, expected }, { cause });
    }
    const expected = "AWS_REGION=eu-central-1 (the stack's own), or a profile that has one";
    throw new InvalidInputError({ where: "region", found: "none", expected }, { cause });
  }
}

async function describe(
  client: CloudFormationClient,
  { name, from }: StackChoice,
  region: string,
): Promise<Stack> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    const [stack] = Stacks;
    if (stack !== undefined) return stack;
  } catch (cause) {
    if (!isAbsent(cause)) throw awsError(`reading stack ${name} in ${region}`, cause);
  }
  throw new InvalidInputError({
    where: from,
    found: JSON.stringify(name),
    expected: `a stack in ${region}: is it deployed (\`npx cdk deploy\`), in this region and account?`,
  });
}

/** CloudFormation has no error of its own for it. */
function isAbsent(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    cause.name === "ValidationError" &&
    cause.message.includes("does not exist")
  );
}

function asDeployment(stack: Stack, region: string): Deployment {
  const { StackName: name = "", StackStatus: status = "in no state", Outputs = [] } = stack;
  const found = Object.fromEntries(
    Outputs.map(({ OutputKey = "", OutputValue }) => [OutputKey, OutputValue]),
  );
  const parsed = outputsSchema.safeParse(found);
  if (!parsed.success) {
    const missing = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
    throw new InvalidInputError({
      where: `stack ${name} (${status})`,
      found: `no output ${missing}`,
      expected: "a stack of this project: `npx cdk deploy` makes it, or brings it up to date",
    });
  }
  const { data } = parsed;
  return {
    stack: name,
    region,
    pool: data.PoolName,
    leaseTableName: data.LeaseTableName,
    targetTableName: data.TargetTableName,
    samplesLocation: data.SamplesLocation,
    metricsNamespace: data.MetricsNamespace,
    functionNames: {
      rebalance: data.RebalanceFunctionName,
      collect: data.CollectFunctionName,
      "health-check": data.HealthCheckFunctionName,
    },
  };
}
