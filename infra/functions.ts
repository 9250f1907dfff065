/** A function as the manifest describes it: its code, its log, its role, how it is invoked. */
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  CfnEventInvokeConfig,
  CfnFunction,
  Function,
  Runtime,
  type FunctionOptions,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import type { FunctionEnvironment } from "./environment.ts";
import { functionCode } from "./function-code.ts";
import { functionGrants } from "./grants.ts";
import { nameResource } from "./logical-id.ts";
import { roleWith, type GrantResources } from "./roles.ts";
import type { Settings } from "./settings.ts";

const MS_PER_SECOND = 1_000;

export interface FunctionProps<Name extends FunctionName> {
  readonly name: Name;
  readonly settings: Settings;
  /** Every variable that the function knows, so that each can be replaced where it is run by hand. */
  readonly environment: FunctionEnvironment<Name>;
  readonly resources: GrantResources;
  readonly deadLetters: Queue;
  readonly reservedConcurrency?: number;
  readonly network?: CfnFunction.VpcConfigProperty;
}

export function nodeFunction<Name extends FunctionName>(
  scope: Construct,
  props: FunctionProps<Name>,
): Function {
  const { name, settings, environment, deadLetters } = props;
  const { logicalId, folder, memoryMb, nodeOptions, timeoutMs } = manifest[name];
  const logGroup = new LogGroup(scope, `${logicalId}Log`, {
    retention: settings.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  nameResource(logGroup, `${logicalId}Log`);
  const role = roleWith(scope, {
    logicalId: `${logicalId}Role`,
    assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
    description: `What ${name} of pool ${settings.pool} may do`,
    pool: settings.pool,
    grants: functionGrants[name],
    resources: {
      ...props.resources,
      log: [logGroup.logGroupArn],
      "dead-letters": [deadLetters.queueArn],
    },
  });
  const made = new Function(scope, logicalId, {
    code: functionCode(folder),
    handler: "index.handler",
    runtime: Runtime.NODEJS_24_X,
    role,
    logGroup,
    description: `Lamplighter, pool ${settings.pool}: ${DESCRIPTIONS[name]}`,
    architecture: settings.architecture === "arm64" ? Architecture.ARM_64 : Architecture.X86_64,
    memorySize: memoryMb,
    timeout: Duration.millis(timeoutMs),
    ...reserved(props.reservedConcurrency),
    environment: {
      ...environment,
      NODE_OPTIONS: ["--enable-source-maps", ...nodeOptions].join(" "),
    },
  });
  nameResource(made, logicalId);
  if (props.network !== undefined) joinVpc(made, props.network);
  invocation(scope, { name, logicalId, made, deadLetters });
  return made;
}

const DESCRIPTIONS: Readonly<Record<FunctionName, string>> = {
  rebalance: "plans who captures what, and starts collectors",
  collect: "owns a lease and captures its slots",
  "health-check": "audits the pool and publishes its metrics",
};

function reserved(concurrency: number | undefined): Partial<FunctionOptions> {
  return concurrency === undefined ? {} : { reservedConcurrentExecutions: concurrency };
}

/** By its ids alone: the CDK's own way asks the account about the VPC while it synthesises. */
function joinVpc(made: Function, network: CfnFunction.VpcConfigProperty): void {
  const resource = made.node.defaultChild;
  if (!(resource instanceof CfnFunction)) {
    throw new Error(`${made.node.path} has no function of its own to put into a VPC`);
  }
  resource.vpcConfig = network;
}

interface InvocationProps {
  readonly name: FunctionName;
  readonly logicalId: string;
  readonly made: Function;
  readonly deadLetters: Queue;
}

/**
 * A destination rather than the function's dead-letter queue: it gets the event with the error and
 * how often it was tried, the queue would get the bare event. Both would be two messages for one failure.
 * Only of what is repeated: a run that the next minute's makes up for leaves no letter, or every
 * failure would be alarmed twice, the second time for as long as the letters lie there.
 */
function invocation(
  scope: Construct,
  { name, logicalId, made, deadLetters }: InvocationProps,
): void {
  const { asyncRetriesMax, asyncMaxAgeMs } = manifest[name];
  new CfnEventInvokeConfig(scope, `${logicalId}Invocation`, {
    functionName: made.functionName,
    qualifier: "$LATEST",
    maximumRetryAttempts: asyncRetriesMax,
    maximumEventAgeInSeconds: asyncMaxAgeMs / MS_PER_SECOND,
    ...(asyncRetriesMax > 0 && {
      destinationConfig: { onFailure: { destination: deadLetters.queueArn } },
    }),
  });
}
