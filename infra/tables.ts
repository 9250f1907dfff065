import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import { LEASE_TABLE_KEYS, TARGET_TABLE_KEYS } from "#adapters/dynamodb/keys.ts";
import { nameResource } from "./logical-id.ts";

export interface Tables {
  /** Fleet, leases and requests: the whole assignment of a pool is one Query. */
  readonly leases: Table;
  /** Targets and schedules: a slot is one partition. */
  readonly targets: Table;
}

export function tables(scope: Construct): Tables {
  return {
    leases: table(scope, "LeaseTable", LEASE_TABLE_KEYS),
    targets: table(scope, "TargetTable", TARGET_TABLE_KEYS),
  };
}

/** Both keep their data when the stack goes, and can be put back to any second of 35 days. */
function table(
  scope: Construct,
  id: string,
  keys: { readonly partition: string; readonly sort: string },
): Table {
  const made = new Table(scope, id, {
    partitionKey: { name: keys.partition, type: AttributeType.STRING },
    sortKey: { name: keys.sort, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  nameResource(made, id);
  return made;
}
