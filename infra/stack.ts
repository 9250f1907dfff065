import { Stack, type StackProps } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { nodeFunction } from "./functions.ts";
import { tables } from "./tables.ts";

export interface LamplighterStackProps extends StackProps {
  /** Name of the pool: collectors that share a network view. */
  readonly pool: string;
}

const READ = ["dynamodb:GetItem", "dynamodb:Query"];
/** Owning and giving leases; taking requests away. */
const OWN = [...READ, "dynamodb:UpdateItem", "dynamodb:DeleteItem"];
/** Making and removing leases; promises, which check the other lease in the same transaction. */
const PLAN = [...OWN, "dynamodb:PutItem", "dynamodb:ConditionCheckItem"];
/** Committing schedules. */
const COMMIT = [...READ, "dynamodb:UpdateItem"];

// Until samples and metrics have adapters that outlive a function's environment.
const SAMPLES_LOCATION = "file:///tmp/samples";
const METRICS_LOCATION = "file:///tmp/metrics";

/** The two tables and the three functions of one pool. */
export class LamplighterStack extends Stack {
  constructor(scope: Construct, id: string, { pool, ...props }: LamplighterStackProps) {
    super(scope, id, props);
    const { leases, targets } = tables(this);

    const collect = nodeFunction(this, {
      name: "collect",
      logicalId: "Collect",
      environment: {
        LAMPLIGHTER_POOL: pool,
        LEASE_TABLE_NAME: leases.tableName,
        TARGET_TABLE_NAME: targets.tableName,
        SAMPLES_LOCATION,
      },
    });
    leases.grant(collect, ...OWN);
    targets.grant(collect, ...COMMIT);

    const rebalance = nodeFunction(this, {
      name: "rebalance",
      logicalId: "Rebalance",
      environment: {
        LAMPLIGHTER_POOL: pool,
        LEASE_TABLE_NAME: leases.tableName,
        COLLECT_FUNCTION_NAME: collect.functionName,
      },
    });
    leases.grant(rebalance, ...PLAN);
    rebalance.addToRolePolicy(
      new PolicyStatement({
        actions: ["lambda:InvokeFunction"],
        resources: [collect.functionArn],
      }),
    );

    const healthCheck = nodeFunction(this, {
      name: "health-check",
      logicalId: "HealthCheck",
      environment: {
        LAMPLIGHTER_POOL: pool,
        LEASE_TABLE_NAME: leases.tableName,
        TARGET_TABLE_NAME: targets.tableName,
        METRICS_LOCATION,
      },
    });
    leases.grant(healthCheck, ...READ);
    targets.grant(healthCheck, ...READ);
  }
}
