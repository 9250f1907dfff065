/** `lamplighter alarms`: what rings in a system that another process runs, or in a deployed stack. */
import { createServer } from "node:http";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ALARM_IDS, type AlarmId, type AlarmStateValue } from "#domain/alarm/definition.ts";
import { epochMs } from "#domain/units.ts";
import { writeAlarms } from "#local/alarms/state-file.ts";
import { dataPaths } from "#local/paths.ts";
import { ownIdentity } from "#local/process-identity.ts";
import { writeCloudState } from "#local/state-file.ts";
import { startStubAws, useStubAws, type StubAws } from "#test/support/stub-aws.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";
import { runCli } from "../run-cli.ts";

const newFolder = temporaryFolders();

type States = Partial<Record<AlarmId, AlarmStateValue>>;
const REASON = "CollectionLag Maximum 150000, 160000: 2 of 2 > 134000; rings at 2 of 2";

/** A folder as a cloud leaves it that runs: this process stands for it. */
async function running(): Promise<string> {
  const data = await newFolder();
  await mkdir(data, { recursive: true });
  await writeCloudState(data, {
    pool: "default",
    startedAt: Date.now(),
    supervisor: ownIdentity(),
    runtimes: [],
    storeEndpoint: "http://127.0.0.1:1",
    invokeEndpoint: "http://127.0.0.1:1",
    leaseTableName: "leases",
    targetTableName: "targets",
    samples: data,
    functions: true,
  });
  return data;
}

async function withAlarms(states: States, ageMs = 10_000): Promise<string> {
  const data = await running();
  const now = Date.now();
  await writeAlarms(data, {
    pool: "default",
    evaluatedAt: epochMs(now - ageMs),
    alarms: ALARM_IDS.map((id) => ({
      id,
      value: states[id] ?? "OK",
      reason: id === "CollectionLag" ? REASON : "all is well",
      since: epochMs(now - 125_000),
    })),
  });
  return data;
}

describe("lamplighter alarms", () => {
  test("shows every alarm, and ends with 0 when none rings", async () => {
    const data = await withAlarms({});
    const { code, out, err } = await runCli(["--data", data, "alarms"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const id of ALARM_IDS) expect(out).toMatch(new RegExp(`^OK +${id} +2m \\d+s `, "mu"));
    expect(out).toMatch(
      /^pool default: 0 ring, 0 without data, 13 are well; evaluated [1-5]\ds ago$/mu,
    );
  });

  test("puts what rings first, says what it means and what to do, and ends with 1", async () => {
    const data = await withAlarms({ CollectionLag: "ALARM", Overload: "INSUFFICIENT_DATA" });
    const { code, out } = await runCli(["--data", data, "alarms"]);
    expect(code).toBe(1);
    const lines = out.split("\n");
    expect(lines[1]).toMatch(/^ALARM +CollectionLag +2m \d+s +CollectionLag Maximum 150000/u);
    expect(lines[2]).toMatch(/^no data +Overload /u);
    expect(out).toMatch(/^CollectionLag: Targets that are due have been waiting/mu);
    expect(out).toMatch(/^ {2}look: .*`lamplighter leases`/mu);
    expect(out).toMatch(/^ {2}do: {3}\S/mu);
    expect(out).toMatch(/^ {2}more: docs\/runbook\.md#collectionlag$/mu);
    expect(out).toMatch(/^pool default: 1 rings, 1 without data, 11 are well/mu);
  });

  test("as JSON is a line for each alarm, with all that is known of it", async () => {
    const data = await withAlarms({ CollectionLag: "ALARM" });
    const { code, out } = await runCli(["--data", data, "--json", "alarms"]);
    expect(code).toBe(1);
    const lines = out
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(lines).toHaveLength(ALARM_IDS.length);
    expect(lines[0]).toMatchObject({
      alarm: "CollectionLag",
      state: "ALARM",
      reason: REASON,
      since: expect.stringMatching(/^\d{4}-.*Z$/u) as string,
      runbook: "docs/runbook.md#collectionlag",
    });
  });

  test("that nobody has evaluated for minutes are shown with a warning", async () => {
    const data = await withAlarms({}, 400_000);
    const { code, err } = await runCli(["--data", data, "alarms"]);
    expect(code).toBe(0);
    expect(err).toMatch(/evaluated 6m [45]\ds ago/u);
  });

  test("of a system that has just started are not known yet", async () => {
    const { code, out, err } = await runCli(["--data", await running(), "alarms"]);
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err).toContain("first evaluated within a minute");
  });

  test("need a system that runs", async () => {
    const data = await newFolder();
    const { code, err } = await runCli(["--data", data, "alarms"]);
    expect(code).toBe(3);
    expect(err).toContain("npm start");
    await writeFile(`${data}/alarms.json`, "{}");
    expect((await runCli(["--data", data, "alarms"])).code).toBe(3);
  });

  test("of a system that has stopped are not claimed never to have been", async () => {
    const data = await newFolder();
    await mkdir(data, { recursive: true });
    await writeFile(dataPaths(data).store, "");
    const { code, err } = await runCli(["--data", data, "alarms"]);
    expect(code).toBe(3);
    expect(err).toContain("while a system runs");
    expect(err).not.toContain("none ever has");
  });
});

describe("lamplighter alarms --stack", () => {
  let aws: StubAws;
  let asked: unknown[] = [];
  let answer: readonly object[] = [];
  const cloudWatch = createServer((request, response) => {
    request.setEncoding("utf8");
    let body = "";
    request.on("data", (text: string) => (body += text));
    request.on("end", () => {
      asked.push(request.headers["x-amz-target"], JSON.parse(body));
      response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
      response.end(JSON.stringify({ MetricAlarms: answer }));
    });
  });

  beforeAll(async () => {
    aws = await startStubAws();
    cloudWatch.listen(0, "127.0.0.1");
    await once(cloudWatch, "listening");
    aws.stacks.push({ name: "Lamplighter", outputs: OUTPUTS });
  });
  beforeEach(() => {
    const address = cloudWatch.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    useStubAws(aws);
    vi.stubEnv("AWS_ENDPOINT_URL_CLOUDWATCH", `http://127.0.0.1:${address.port}`);
  });
  afterEach(() => {
    asked = [];
  });
  afterAll(async () => {
    cloudWatch.closeAllConnections();
    cloudWatch.close();
    await once(cloudWatch, "close");
    await aws.close();
  });

  const deployed = (ids: readonly AlarmId[], ringing: readonly AlarmId[]): readonly object[] =>
    ids.map((id) => ({
      AlarmName: `Lamplighter-${id}`,
      StateValue: ringing.includes(id) ? "ALARM" : "OK",
      StateReason: "Threshold Crossed: 3 datapoints were greater than the threshold (0.0).",
      StateUpdatedTimestamp: Date.now() / 1_000 - 5,
      StateTransitionedTimestamp: Date.now() / 1_000 - 3_600,
    }));

  test("asks CloudWatch for exactly the stack's own", async () => {
    answer = deployed(ALARM_IDS, ["DeadLetters"]);
    const { code, out, err } = await runCli(["--stack", "Lamplighter", "alarms"]);
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(asked).toEqual([
      "GraniteServiceVersion20100801.DescribeAlarms",
      { AlarmNames: ALARM_IDS.map((id) => `Lamplighter-${id}`), AlarmTypes: ["MetricAlarm"], MaxRecords: 100 }, // prettier-ignore
    ]);
    expect(out).toMatch(/^ALARM +DeadLetters +1h +Threshold Crossed/mu);
    expect(out).toMatch(/^stack Lamplighter: 1 rings, 0 without data, 12 are well$/mu);
  });

  test("says which alarms the stack doesn't have", async () => {
    answer = deployed(ALARM_IDS.slice(1), []);
    const { code, err } = await runCli(["--stack", "Lamplighter", "alarms"]);
    expect(code).toBe(0);
    expect(err).toContain("CollectionLag");
    expect(err).toContain("npx cdk deploy");
  });
});

const OUTPUTS = {
  PoolName: "default",
  LeaseTableName: "leases",
  TargetTableName: "targets",
  SamplesLocation: "s3://samples/default",
  MetricsNamespace: "Lamplighter",
  RebalanceFunctionName: "rebalance",
  CollectFunctionName: "collect",
  HealthCheckFunctionName: "health-check",
};
