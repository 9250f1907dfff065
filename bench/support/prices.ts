/**
 * Prices that a bill is reckoned with: US dollars, us-east-1, on demand, before free tiers and
 * discounts. Read 2026-11; "second hand" was found in write-ups of 2026, not on AWS's own page, which
 * shows its figures to browsers only; "not verified" is from memory of that page.
 */
import { prices as charged, type Architecture } from "../../infra/prices.ts";

export const HOURS_PER_MONTH = 730;
export const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3_600;

export interface Price {
  readonly what: string;
  readonly usd: number;
  readonly per: string;
  readonly source: string;
}

const LAMBDA = "aws.amazon.com/lambda/pricing, second hand";
const DYNAMO = "aws.amazon.com/dynamodb/pricing/on-demand, second hand";
const S3 = "aws.amazon.com/s3/pricing, not verified";
const CLOUDWATCH = "aws.amazon.com/cloudwatch/pricing, second hand";
const NETWORK = "aws.amazon.com/vpc/pricing and /privatelink/pricing, second hand";

const ARCHITECTURE: Architecture = "arm64";

export const prices = {
  gbSecond: {
    what: "Lambda, arm64",
    usd: charged.lambdaGbSecond[ARCHITECTURE],
    per: "GB-second",
    source: LAMBDA,
  },
  request: { what: "Lambda", usd: 0.2e-6, per: "invocation", source: LAMBDA },
  writeUnit: {
    what: "DynamoDB, on demand",
    usd: charged.dynamoWriteUnit,
    per: "write unit",
    source: DYNAMO,
  },
  readUnit: {
    what: "DynamoDB, on demand",
    usd: 0.125e-6,
    per: "read unit",
    source: DYNAMO,
  },
  tableGb: {
    what: "DynamoDB, stored, with point-in-time recovery",
    usd: 0.25 + 0.2,
    per: "GB-month",
    source: "aws.amazon.com/dynamodb/pricing, not verified",
  },
  put: { what: "S3, PUT", usd: charged.s3Put, per: "request", source: S3 },
  objectGb: { what: "S3 Standard", usd: 0.023, per: "GB-month", source: S3 },
  metric: { what: "CloudWatch, own metric", usd: 0.3, per: "month", source: CLOUDWATCH },
  metricCall: {
    what: "CloudWatch, PutMetricData",
    usd: 0.01e-3,
    per: "request",
    source: "aws.amazon.com/cloudwatch/pricing, not verified",
  },
  alarm: {
    what: "CloudWatch, alarm",
    usd: 0.1,
    per: "month",
    source: "aws.amazon.com/cloudwatch/pricing, not verified",
  },
  dashboard: { what: "CloudWatch, dashboard", usd: 3, per: "month", source: CLOUDWATCH },
  logGb: { what: "CloudWatch Logs, taken in", usd: 0.5, per: "GB", source: CLOUDWATCH },
  key: {
    what: "KMS, a key of one's own (that of the alarm topic)",
    usd: 1,
    per: "month",
    source: "aws.amazon.com/kms/pricing, not verified",
  },
  scheduled: {
    what: "EventBridge Scheduler",
    usd: 1e-6,
    per: "invocation",
    source: "aws.amazon.com/eventbridge/pricing, second hand",
  },
  egressGb: {
    what: "data to the internet: 10 TB a month; the tiers beyond it are 0.085, 0.07 and 0.05",
    usd: 0.09,
    per: "GB",
    source: "aws.amazon.com/ec2/pricing/on-demand, second hand; tiers not verified",
  },
  queueRequest: {
    what: "SQS, standard queue",
    usd: 0.4e-6,
    per: "request",
    source: "aws.amazon.com/sqs/pricing, not verified",
  },
  natHour: { what: "NAT gateway", usd: 0.045, per: "hour", source: NETWORK },
  natGb: { what: "NAT gateway, processed", usd: 0.045, per: "GB", source: NETWORK },
  endpointHour: {
    what: "interface endpoint, in one zone",
    usd: 0.01,
    per: "hour",
    source: NETWORK,
  },
} as const satisfies Record<string, Price>;

/** Of what leaves the region in a month: up to so many GB at this price for each. */
export const EGRESS_TIERS: readonly { readonly upToGb: number; readonly usd: number }[] = [
  { upToGb: 10_000, usd: prices.egressGb.usd },
  { upToGb: 50_000, usd: 0.085 },
  { upToGb: 150_000, usd: 0.07 },
  { upToGb: Infinity, usd: 0.05 },
];
