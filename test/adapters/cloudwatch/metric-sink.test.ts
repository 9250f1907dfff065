import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { cloudWatchClient } from "#adapters/cloudwatch/client.ts";
import { cloudWatchMetricSink } from "#adapters/cloudwatch/metric-sink.ts";
import { limits } from "#domain/limits.ts";
import { METRIC_NAMES, METRICS } from "#domain/metric.ts";
import { epochMs } from "#domain/units.ts";
import type { Metric } from "#ports/metric-sink.ts";
import { metricSinkContract } from "#test/contracts/metric-sink.contract.ts";
import {
  cloudWatchSinkUnderTest,
  readStatistics,
  type CloudWatchSinkUnderTest,
} from "#test/support/cloudwatch-metric-sink.ts";
import { startCloudWatchStub, type CloudWatchStub } from "#test/support/cloudwatch-stub.ts";
import { keptLog } from "#test/support/quiet.ts";

/** Shorter than deployed, so that a test of a lost answer is short; a busy machine answers by then. */
const REQUEST_TIMEOUT_MS = 1_000;
const AT = epochMs(Math.floor(Date.now() / 60_000) * 60_000 - 300_000);

let stub: CloudWatchStub;
const made: CloudWatchSinkUnderTest[] = [];

beforeAll(async () => {
  stub = await startCloudWatchStub();
});
afterEach(() => {
  for (const { client } of made.splice(0)) client.destroy();
});
afterAll(async () => {
  await stub.stop();
});

function sinkUnderTest(requestTimeoutMs?: number): CloudWatchSinkUnderTest {
  const { endpoint } = stub;
  const under = cloudWatchSinkUnderTest({
    endpoint,
    ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
  });
  made.push(under);
  return under;
}

metricSinkContract("CloudWatch", () => Promise.resolve(sinkUnderTest()));

let pools = 0;
const captures: readonly Metric[] = [{ name: "Captures", unit: "Count", values: [7] }];

/** Publishes one metric, and tells what came of it. */
async function publishOne(under: CloudWatchSinkUnderTest) {
  pools += 1;
  const pool = `faulty-${pools}`;
  const before = stub.puts.length;
  const result = await under.sink.publish({ pool, at: AT, metrics: captures });
  return {
    result,
    attempts: stub.puts.length - before,
    read: await under.statistics(pool, "Captures", AT),
  };
}

describe("CloudWatch", () => {
  it("gets a pool's 18 metrics in one small request, with the pool as their only dimension", async () => {
    const { sink } = sinkUnderTest();
    const metrics = METRIC_NAMES.map((name): Metric => {
      const { unit } = METRICS[name];
      if (name !== "StartLateness") return { name, unit, values: [123.456] };
      return { name, unit, values: [1, 2, 4], counts: [100, 10, 1] };
    });
    expect(await sink.publish({ pool: "main", at: AT, metrics })).toBe("published");
    const { data, namespace, bytes } = stub.puts.at(-1) ?? { data: [], namespace: "", bytes: 0 };
    expect(namespace).toBe("Lamplighter");
    expect(data.map(({ MetricName }) => MetricName)).toEqual(METRIC_NAMES);
    for (const { Dimensions, Timestamp } of data) {
      expect(Dimensions).toEqual([{ Name: "Pool", Value: "main" }]);
      expect(Timestamp * 1_000).toBe(AT);
    }
    expect(data.find(({ MetricName }) => MetricName === "StartLateness")).toMatchObject({
      Values: [1, 2, 4],
      Counts: [100, 10, 1],
      Unit: "Milliseconds",
    });
    expect(bytes).toBeLessThan(4_096);
  });

  it.each(["throttle", "fail", "hold"] as const)(
    "that answers once with a fault (%s) is asked once more",
    async (fault) => {
      stub.fail(fault);
      const under = sinkUnderTest(REQUEST_TIMEOUT_MS);
      const { result, attempts, read } = await publishOne(under);
      expect([result, attempts, read?.sum]).toEqual(["published", limits.metricAttemptsMax, 7]);
      expect(under.log.lines).toEqual([]);
    },
  );

  it.each(["throttle", "fail", "hold"] as const)(
    "that goes on so (%s) drops the publication: no error, one line in the log",
    async (fault) => {
      stub.fail(...Array.from({ length: limits.metricAttemptsMax }, () => fault));
      const under = sinkUnderTest(REQUEST_TIMEOUT_MS);
      const { result, attempts, read } = await publishOne(under);
      expect([result, attempts, read]).toEqual(["dropped", limits.metricAttemptsMax, undefined]);
      expect(under.log.lines).toMatchObject([
        { level: "warn", event: "metrics.dropped", fields: { namespace: "Lamplighter" } },
      ]);
    },
  );

  it("that refuses the role is not asked again, and the log says why", async () => {
    stub.fail("deny");
    const under = sinkUnderTest();
    expect(await publishOne(under)).toMatchObject({ result: "dropped", attempts: 1 });
    expect(under.log.lines[0]?.fields["reason"]).toBe("AccessDeniedException at request 1 of 1");
  });

  it("whose answer is lost may count twice what it had taken: known, and never less than once", async () => {
    stub.fail("lose");
    const { result, read } = await publishOne(sinkUnderTest());
    expect([result, read?.sampleCount, read?.maximum]).toEqual(["published", 2, 7]);
  });

  it("that nobody answers for drops the publication", async () => {
    const log = keptLog();
    const client = cloudWatchClient({ endpoint: "http://127.0.0.1:9" });
    const sink = cloudWatchMetricSink({ client, namespace: "Lamplighter", log });
    expect(await sink.publish({ pool: "p", at: AT, metrics: captures })).toBe("dropped");
    expect(log.lines.length).toBe(1);
    client.destroy();
  });

  it("gets nothing of a batch that would never end", async () => {
    const { sink, log } = sinkUnderTest();
    const before = stub.puts.length;
    const metrics = Array.from({ length: 1_000 * limits.metricRequestsMax + 1 }, (_, n): Metric => {
      return { name: `m${n}`, unit: "Count", values: [n] };
    });
    expect(await sink.publish({ pool: "p", at: AT, metrics })).toBe("dropped");
    expect(stub.puts.length).toBe(before);
    expect(log.lines[0]?.fields["reason"]).toMatch(/5 requests, expected at most 4/u);
  });

  it("is found by the SDK's own variable where no endpoint is given", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_CLOUDWATCH", stub.endpoint);
    vi.stubEnv("AWS_REGION", "eu-central-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
    const client = cloudWatchClient();
    const sink = cloudWatchMetricSink({ client, namespace: "Elsewhere", log: keptLog() });
    expect(await sink.publish({ pool: "p", at: AT, metrics: captures })).toBe("published");
    const place = { namespace: "Elsewhere", pool: "p", name: "Captures", minuteAt: AT };
    expect(await readStatistics(client, place)).toMatchObject({ sum: 7 });
    client.destroy();
  });
});
