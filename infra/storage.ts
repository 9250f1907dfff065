/** What keeps data: two tables and the bucket of chunks. All of it stays when the stack goes. */
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import { Key, type IKey } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { LEASE_TABLE_KEYS, TARGET_TABLE_KEYS } from "#adapters/dynamodb/keys.ts";
import { nameResource } from "./logical-id.ts";
import { SAMPLES_PREFIX } from "./names.ts";
import type { Settings } from "./settings.ts";

const INCOMPLETE_UPLOAD_DAYS = 1;
const TLS_VERSION_MIN = 1.2;

export interface Storage {
  /** Fleet, leases and requests: the whole assignment of a pool is one Query. */
  readonly leases: Table;
  /** Targets and schedules: a slot is one partition. */
  readonly targets: Table;
  readonly samples: Bucket;
  /** `s3://bucket/prefix` */
  readonly samplesLocation: string;
}

/**
 * Without a key of the operator's choice, those that AWS owns encrypt: they cost nothing, need no
 * policy, and no KMS quota stands between a collector and its commit. A key of one's own adds an
 * audit trail and the power to revoke.
 */
export function storage(scope: Construct, settings: Settings): Storage {
  const key =
    settings.encryptionKeyArn === undefined
      ? undefined
      : Key.fromKeyArn(scope, "StorageKey", settings.encryptionKeyArn);
  const samples = sampleBucket(scope, settings, key);
  return {
    leases: table(scope, { id: "LeaseTable", keys: LEASE_TABLE_KEYS, key }),
    targets: table(scope, { id: "TargetTable", keys: TARGET_TABLE_KEYS, key }),
    samples,
    samplesLocation: `s3://${samples.bucketName}/${SAMPLES_PREFIX}`,
  };
}

interface TableProps {
  readonly id: string;
  readonly keys: { readonly partition: string; readonly sort: string };
  readonly key: IKey | undefined;
}

/** Can be put back to any second of 35 days. */
function table(scope: Construct, { id, keys, key }: TableProps): Table {
  const made = new Table(scope, id, {
    partitionKey: { name: keys.partition, type: AttributeType.STRING },
    sortKey: { name: keys.sort, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    ...(key !== undefined && {
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: key,
    }),
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  nameResource(made, id);
  return made;
}

/**
 * Not versioned: a chunk is put once, under a name that must not exist yet, and nobody who runs here
 * may delete; versions would only keep what retention removes.
 */
function sampleBucket(scope: Construct, settings: Settings, key: IKey | undefined): Bucket {
  const made = new Bucket(scope, "SampleBucket", {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: TLS_VERSION_MIN,
    versioned: false,
    ...(key === undefined
      ? { encryption: BucketEncryption.S3_MANAGED }
      : // One key for many objects: a call to KMS for each chunk would cost more than the chunk.
        { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }),
    lifecycleRules: [
      {
        id: "Retention",
        prefix: `${SAMPLES_PREFIX}/`,
        expiration: Duration.days(settings.sampleRetentionDays),
      },
      {
        id: "IncompleteUploads",
        abortIncompleteMultipartUploadAfter: Duration.days(INCOMPLETE_UPLOAD_DAYS),
      },
    ],
    removalPolicy: RemovalPolicy.RETAIN,
  });
  nameResource(made, "SampleBucket");
  return made;
}
