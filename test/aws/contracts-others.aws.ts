/** The contract suites of the adapters for S3, CloudWatch and Lambda, on moto. */
import { afterAll, beforeAll, describe, it } from "vitest";
import { lambdaInvoker } from "#adapters/lambda/invoker.ts";
import { leaseId } from "#domain/lease.ts";
import { metricSinkContract } from "#test/contracts/metric-sink.contract.ts";
import { sampleStoreContract } from "#test/contracts/sample-store.contract.ts";
import {
  cloudWatchSinkUnderTest,
  type CloudWatchSinkUnderTest,
} from "#test/support/cloudwatch-metric-sink.ts";
import { s3SampleStoresUnderTest, type S3StoresUnderTest } from "#test/support/s3-sample-store.ts";
import { deployedStack, type DeployedStack } from "./deployed-stack.ts";
import { REGION } from "./environment.ts";
import { whatWeAreTold } from "./told.ts";

const { motoEndpoint, isDeployed } = whatWeAreTold();
/** Ours are shorter; a stand-in on a busy machine takes longer now and then. */
const CALL_WITHIN_MS = 30_000;
const patient = { endpoint: motoEndpoint, region: REGION, requestTimeoutMs: CALL_WITHIN_MS };

describe("s3 on moto", () => {
  let stores: S3StoresUnderTest | undefined;

  beforeAll(async () => {
    stores = await s3SampleStoresUnderTest({ ...patient, bucket: `chunks-${crypto.randomUUID()}` });
  });
  afterAll(() => stores?.close());

  sampleStoreContract("s3", () => {
    if (stores === undefined) throw new Error("there is no bucket");
    return stores.make();
  });
});

describe("cloudwatch on moto", () => {
  const made: CloudWatchSinkUnderTest[] = [];
  afterAll(() => made.forEach(({ client }) => client.destroy()));

  metricSinkContract("cloudwatch", () => {
    const under = cloudWatchSinkUnderTest(patient, `Contract-${crypto.randomUUID()}`);
    made.push(under);
    return Promise.resolve(under);
  });
});

describe.skipIf(!isDeployed)("the invoker on moto, with the deployed functions", () => {
  let stack: DeployedStack;
  beforeAll(async () => {
    stack = await deployedStack();
  });

  const invoker = () =>
    lambdaInvoker({
      // As deployed: where the SDK finds AWS.
      endpoint: "",
      collectFunction: stack.output("CollectFunctionName"),
      rebalanceFunction: stack.output("RebalanceFunctionName"),
    });

  it("starts a collector, which is accepted and not waited for", async () => {
    await invoker().startCollector({ pool: "default", lease: leaseId(1) });
  });

  it("starts the rebalancer", async () => {
    await invoker().startRebalancer("default");
  });
});
