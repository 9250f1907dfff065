import { fileURLToPath } from "node:url";
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Architecture, Runtime } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction, OutputFormat, SourceMapMode } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { manifest, type EnvironmentKey, type FunctionName } from "#functions/manifest.ts";
import { bundling } from "./bundling.ts";
import { nameResource } from "./logical-id.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

export interface FunctionProps<Name extends FunctionName> {
  readonly name: Name;
  readonly logicalId: string;
  /** Every key of the manifest, and no other. */
  readonly environment: Readonly<Record<EnvironmentKey<Name>, string>>;
}

/** A function as the manifest describes it, with its log and its schedule. */
export function nodeFunction<Name extends FunctionName>(
  scope: Construct,
  { name, logicalId, environment }: FunctionProps<Name>,
): NodejsFunction {
  const { folder, memoryMb, nodeOptions, timeoutMs, asyncRetriesMax } = manifest[name];
  const logGroup = new LogGroup(scope, `${logicalId}Log`, {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const made = new NodejsFunction(scope, logicalId, {
    entry: `${root}${folder}/handler.ts`,
    handler: "handler",
    projectRoot: root,
    depsLockFilePath: `${root}package-lock.json`,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: memoryMb,
    timeout: Duration.millis(timeoutMs),
    retryAttempts: asyncRetriesMax,
    logGroup,
    environment: {
      ...environment,
      NODE_OPTIONS: ["--enable-source-maps", ...nodeOptions].join(" "),
    },
    bundling: {
      ...bundling,
      format: OutputFormat.ESM,
      sourceMap: true,
      sourceMapMode: SourceMapMode.EXTERNAL,
      sourcesContent: false,
      // Our own SDK, the one that was tested, not the one the runtime has that day.
      bundleAwsSDK: true,
    },
  });
  nameResource(made, logicalId);
  schedule(scope, made, { name, logicalId });
  return made;
}

function schedule(
  scope: Construct,
  target: NodejsFunction,
  { name, logicalId }: { readonly name: FunctionName; readonly logicalId: string },
): void {
  const described = manifest[name];
  if (!("scheduleEveryMs" in described)) return;
  const rule = new Rule(scope, `${logicalId}Schedule`, {
    schedule: Schedule.rate(Duration.millis(described.scheduleEveryMs)),
    // A run that could not be started is not made up for: the next one does all there is to do.
    targets: [new LambdaFunction(target, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
  });
  nameResource(rule, `${logicalId}Schedule`);
}
