/**
 * What the stack lets each function do, against what its code asks AWS for.
 *
 * Asked for is, for every port method that the function's code can reach, what the adapter called
 * while the port's contract ran. Granted is what the synthesised template says.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { dynamoConfigurationStore } from "#adapters/dynamodb/configuration-store.ts";
import { dynamoHealthMemory } from "#adapters/dynamodb/health-memory.ts";
import { lambdaInvoker } from "#adapters/lambda/invoker.ts";
import { referencedSecrets } from "#adapters/secrets/referenced-secrets.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { leaseId } from "#domain/lease.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { configurationStoreContract } from "#test/contracts/configuration-store.contract.ts";
import { healthMemoryContract } from "#test/contracts/health-memory.contract.ts";
import { leaseStoreContract } from "#test/contracts/lease-store.contract.ts";
import { metricSinkContract } from "#test/contracts/metric-sink.contract.ts";
import { requestStoreContract } from "#test/contracts/request-store.contract.ts";
import { sampleStoreContract } from "#test/contracts/sample-store.contract.ts";
import { scheduleStoreContract } from "#test/contracts/schedule-store.contract.ts";
import { cloudWatchSinkUnderTest } from "#test/support/cloudwatch-metric-sink.ts";
import { startCloudWatchStub, type CloudWatchStub } from "#test/support/cloudwatch-stub.ts";
import { engineMissing } from "#test/support/engine.ts";
import { describeOnEngine, type EngineStores } from "#test/support/on-engine.ts";
import { recordCalls, type Call } from "#test/support/record-calls.ts";
import { runFunctionsOnce } from "#test/support/record-functions.ts";
import { portMethods } from "#test/support/record-port-methods.ts";
import { s3SampleStoresUnderTest, type S3StoresUnderTest } from "#test/support/s3-sample-store.ts";
import { startS3Stub, type S3Stub } from "#test/support/s3-stub.ts";
import { startSecretServices } from "#test/support/secret-services.ts";
import { startStubAws } from "#test/support/stub-aws.ts";
import { granted, grantTable, SERVICE_ACTIONS, type Granted } from "./granted.ts";
import { templateOf } from "./synthesised.ts";

const functionNames = Object.keys(manifest) as readonly FunctionName[]; // Its type has these keys.
const recorder = recordCalls();
afterAll(() => {
  recorder.stop();
});

describeOnEngine("calls of the DynamoDB adapters", (stores) => {
  const made = (): EngineStores => {
    const all = stores();
    recorder.names.set(all.engine.tables.leases, "leases");
    recorder.names.set(all.engine.tables.targets, "targets");
    return all;
  };
  const tools = ({ engine, meter }: EngineStores) => ({
    client: engine.client,
    tableName: engine.tables.leases,
    meter,
    clock: systemClock(),
  });

  leaseStoreContract("recorded", () => {
    const { leases, pool } = made();
    return { store: recorder.port("LeaseStore", leases), pool };
  });
  scheduleStoreContract("recorded", () => {
    const { schedules, pool } = made();
    return { store: recorder.port("ScheduleStore", schedules), pool };
  });
  requestStoreContract("recorded", () => {
    const { requests, pool } = made();
    return { store: recorder.port("RequestStore", requests), pool };
  });
  configurationStoreContract("recorded", () => {
    const all = made();
    const store = dynamoConfigurationStore(tools(all));
    return { store: recorder.port("ConfigurationStore", store), pool: all.pool };
  });
  healthMemoryContract("recorded", () => {
    const all = made();
    const memory = dynamoHealthMemory(tools(all));
    return { memory: recorder.port("HealthMemory", memory), pool: all.pool };
  });
});

describe("calls of the S3 adapter", () => {
  const bucket = "chunks";
  let stub: S3Stub;
  let samples: S3StoresUnderTest;
  beforeAll(async () => {
    stub = await startS3Stub();
    samples = await s3SampleStoresUnderTest({ endpoint: stub.endpoint, bucket });
    recorder.names.set(bucket, "samples");
  });
  afterAll(async () => {
    samples.close();
    await stub.stop();
  });

  sampleStoreContract("recorded", async () => {
    const { store, remove } = await samples.make();
    return { store: recorder.port("SampleStore", store), remove };
  });
});

describe("calls of the CloudWatch adapter", () => {
  let stub: CloudWatchStub;
  beforeAll(async () => {
    stub = await startCloudWatchStub();
  });
  afterAll(() => stub.stop());

  metricSinkContract("recorded", () => {
    const { sink, ...rest } = cloudWatchSinkUnderTest({ endpoint: stub.endpoint });
    return Promise.resolve({ ...rest, sink: recorder.port("MetricSink", sink) });
  });
});

describe("calls of the adapters that have no contract of their own", () => {
  it("start functions", async () => {
    const aws = await startStubAws();
    recorder.names.set("collect-it", "collect-function").set("plan-it", "rebalance-function");
    const invoker = recorder.port(
      "Invoker",
      lambdaInvoker({
        endpoint: aws.endpoint,
        collectFunction: "collect-it",
        rebalanceFunction: "plan-it",
      }),
    );
    await invoker.startCollector({ pool: "default", lease: leaseId(1) });
    await invoker.startRebalancer("default");
    expect(aws.invocations).toHaveLength(2);
    await aws.close();
  });

  it("look up secrets", async () => {
    const services = await startSecretServices();
    vi.stubEnv("AWS_ENDPOINT_URL_SSM", services.endpoint);
    vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", services.endpoint);
    vi.stubEnv("AWS_REGION", "eu-central-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
    services.parameters.set("/team/token", "x");
    services.secrets.set("api", "y");
    const secrets = recorder.port(
      "Secrets",
      referencedSecrets({ environment: {}, clock: systemClock() }),
    );
    for (const reference of ["ssm:/team/token", "secretsmanager:api"])
      expect(await secrets.find(reference)).toMatchObject({ kind: "found" });
    await services.stop();
  });
});

describe.skipIf(engineMissing() !== undefined)("calls of the functions themselves", () => {
  it("are recorded in a run of each", () => runFunctionsOnce(recorder), 60_000);
});

/** Ports whose adapters ask nobody outside. */
const INSIDE = new Set(["CapacityMeter", "Clock", "Ids", "Log", "Probe", "Steps"]);

describe.skipIf(engineMissing() !== undefined)("grants against calls", () => {
  const asked = new Map<FunctionName, ReadonlyMap<string, readonly Call[]>>();
  const template = templateOf();
  const KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555";
  const full = templateOf({
    vpcId: "vpc-0123456789abcdef0",
    subnetIds: "subnet-0123456789abcdef0",
    secrets: "ssm:/team/token,secretsmanager:named",
    secretKeyArns: KEY,
    encryptionKeyArn: KEY,
  });

  beforeAll(() => {
    const calls = recorder.calls();
    const handlers = functionNames.map((name) => `${manifest[name].folder}/handler.ts`);
    const methods = portMethods(handlers);
    for (const name of functionNames) {
      const reached = [...methods.reachedFrom(`${manifest[name].folder}/handler.ts`)];
      const outside = reached.filter((method) => !INSIDE.has(method.split(".")[0] ?? ""));
      asked.set(name, new Map(outside.map((method) => [method, calls.get(method) ?? []])));
    }
  }, 120_000);

  const callsOf = (name: FunctionName): ReadonlySet<string> =>
    new Set([...(asked.get(name)?.values() ?? [])].flat().map(keyOf));

  it("know every call that was made", () => {
    expect(recorder.problems).toEqual([]);
  });

  it("know a call for every method that a function can reach", () => {
    for (const [name, methods] of asked) {
      for (const [method, calls] of methods) expect(calls, `${name}: ${method}`).not.toEqual([]);
    }
  });

  it("tell functions apart by what they can reach", () => {
    const methods = (name: FunctionName): readonly string[] => [...(asked.get(name)?.keys() ?? [])];
    expect(methods("collect")).toEqual(
      expect.arrayContaining(["SampleStore.put", "ScheduleStore.commit", "Secrets.find"]),
    );
    expect(methods("collect")).not.toContain("SampleStore.list");
    expect(methods("rebalance")).toContain("Invoker.startCollector");
    expect(methods("rebalance").filter((method) => method.startsWith("Sch"))).toEqual([]);
    expect(methods("health-check")).not.toContain("LeaseStore.acquire");
  });

  it("are asked for by functions that run, the main ones at least", () => {
    const made = (name: FunctionName): readonly string[] =>
      (recorder.calls().get(name) ?? []).map(keyOf);
    expect(made("rebalance")).toEqual(
      expect.arrayContaining(["leases dynamodb:PutItem", "collect-function lambda:InvokeFunction"]),
    );
    expect(made("collect")).toEqual(
      expect.arrayContaining([
        "leases dynamodb:DeleteItem",
        "targets dynamodb:UpdateItem",
        "samples s3:PutObject",
        "parameters ssm:GetParameter",
      ]),
    );
    expect(made("health-check")).toEqual(
      expect.arrayContaining(["targets dynamodb:Query", "metrics cloudwatch:PutMetricData"]),
    );
  });

  it("follow the code far enough: no function asked for more when it ran", () => {
    for (const name of functionNames) {
      const made = (recorder.calls().get(name) ?? []).map(keyOf);
      expect(
        made.filter((call) => !callsOf(name).has(call)),
        name,
      ).toEqual([]);
    }
  });

  const own = (found: readonly Granted[]): readonly Granted[] =>
    found.filter((grant) => grant.by === "code");

  describe.each(functionNames)("%s", (name) => {
    it("may do all that it asks for", () => {
      const may = new Set(own(granted(full, name)).map(keyOf));
      expect([...callsOf(name)].filter((call) => !may.has(call))).toEqual([]);
    });

    it("may do nothing that it doesn't ask for", () => {
      const calls = callsOf(name);
      const unused = own(granted(full, name)).filter((grant) => !calls.has(keyOf(grant)));
      expect(unused).toEqual([]);
    });

    it("may do no more, and less only of secrets, where the operator names none", () => {
      const isSecret = (key: string): boolean => /^(?:parameters|secrets) /u.test(key);
      const may = new Set(own(granted(template, name)).map(keyOf));
      expect([...may].toSorted()).toEqual(
        [...callsOf(name)].filter((key) => !isSecret(key)).toSorted(),
      );
    });
  });

  it("given to services that act for a function are those of the list, and no others", () => {
    const all = functionNames.flatMap((name) => granted(full, name));
    expect(all.filter(({ by }) => by === "nobody")).toEqual([]);
    for (const { actions, on } of SERVICE_ACTIONS) {
      for (const action of actions) {
        const used = all.filter((grant) => grant.action === action && on.test(grant.on));
        expect(used, `${action} of the list`).not.toEqual([]);
      }
    }
  });

  it("are printed", () => {
    const table = grantTable(functionNames, full, asked);
    const may = functionNames.map((name) => [name, own(granted(full, name)).map(keyOf)] as const);
    const missing = may.flatMap(([name, keys]) =>
      [...callsOf(name)].filter((call) => !keys.includes(call)),
    );
    const unused = may.flatMap(([name, keys]) => keys.filter((key) => !callsOf(name).has(key)));
    process.stdout.write(`${table}\n${missing.length} missing, ${unused.length} unused\n`);
    expect(table.split("\n").length).toBeGreaterThan(15);
  });
});

function keyOf({ on, action }: { readonly on: string; readonly action: string }): string {
  return `${on} ${action}`;
}
