/** Where failures and alarms go: the queue of what failed for good, and the topic that tells people. */
import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { CfnSubscription, Topic } from "aws-cdk-lib/aws-sns";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { nameResource } from "./logical-id.ts";
import type { Settings } from "./settings.ts";

/**
 * The alarm counts what lies there, so that letters of single crashes must not add up over days. None
 * is ever sent again, and what failed stands in the logs for as long as those are kept.
 */
const DEAD_LETTER_HOURS = 1;
const KEY_WINDOW_DAYS = 7;
const CLOUDWATCH = new ServicePrincipal("cloudwatch.amazonaws.com");

/** Encrypted with keys that SQS owns: it holds names of leases, no data, and needs no key to send. */
export function deadLetterQueue(scope: Construct): Queue {
  const queue = new Queue(scope, "DeadLetterQueue", {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.hours(DEAD_LETTER_HOURS),
  });
  nameResource(queue, "DeadLetterQueue");
  return queue;
}

/**
 * The topic has a key of its own, because under the account's default key for SNS (whose policy
 * can't be changed) CloudWatch isn't allowed to publish, and alarms would be silent.
 * Source: SNS Developer Guide, "Key management": actions and conditions as there (read 2026-11).
 */
export function alarmTopic(scope: Construct, settings: Settings): Topic {
  const { account, partition, region } = Stack.of(scope);
  const fromThisAccount = { StringEquals: { "aws:SourceAccount": account } };
  const fromOurAlarms = {
    ...fromThisAccount,
    ArnLike: { "aws:SourceArn": `arn:${partition}:cloudwatch:${region}:${account}:alarm:*` },
  };
  const key = new Key(scope, "AlarmTopicKey", {
    description: `Lamplighter, pool ${settings.pool}: messages of alarms`,
    enableKeyRotation: true,
    // Nothing is kept under it.
    removalPolicy: RemovalPolicy.DESTROY,
    pendingWindow: Duration.days(KEY_WINDOW_DAYS),
  });
  nameResource(key, "AlarmTopicKey");
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: "AlarmsEncrypt",
      principals: [CLOUDWATCH],
      actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
      resources: ["*"],
      conditions: fromThisAccount,
    }),
  );
  const topic = new Topic(scope, "AlarmTopic", {
    displayName: `Lamplighter ${settings.pool}`,
    masterKey: key,
    enforceSSL: true,
  });
  nameResource(topic, "AlarmTopic");
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: "AlarmsPublish",
      principals: [CLOUDWATCH],
      actions: ["sns:Publish"],
      resources: [topic.topicArn],
      conditions: fromOurAlarms,
    }),
  );
  if (settings.alarmEmail !== undefined) {
    new CfnSubscription(scope, "AlarmEmail", {
      topicArn: topic.topicArn,
      protocol: "email",
      endpoint: settings.alarmEmail,
    });
  }
  return topic;
}
