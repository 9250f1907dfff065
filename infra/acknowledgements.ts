import { Validations } from "aws-cdk-lib";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { Queue } from "aws-cdk-lib/aws-sqs";

/** Findings of the AWS solutions pack that hold by intent. Those of permissions are in grants.ts. */
export function acknowledge({
  samples,
  deadLetters,
}: {
  readonly samples: Bucket;
  readonly deadLetters: Queue;
}): void {
  Validations.of(samples).acknowledge({
    id: "AwsSolutions-S1",
    reason:
      "Only collectors write here, once an object. Who must know each access turns on CloudTrail's data events, which arrive complete and in order; server access logs do neither, and need a second bucket.",
  });
  Validations.of(deadLetters).acknowledge({
    id: "AwsSolutions-SQS3",
    reason: "It is the dead-letter queue: of the functions and of the schedules.",
  });
}
