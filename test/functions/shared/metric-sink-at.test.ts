import fc from "fast-check";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { epochMs } from "#domain/units.ts";
import { metricSinkAt } from "#functions/shared/metric-sink-at.ts";
import { parseMetricsLocation } from "#functions/shared/metrics-location.ts";
import type { MetricBatch } from "#ports/metric-sink.ts";
import { startCloudWatchStub } from "#test/support/cloudwatch-stub.ts";
import { keptLog } from "#test/support/quiet.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const newFolder = temporaryFolders();

describe("where metrics go", () => {
  it.each([
    ["file:///tmp/metrics", { kind: "file", file: "/tmp/metrics/metrics.jsonl" }],
    ["file:///tmp/with%20space/", { kind: "file", file: "/tmp/with space/metrics.jsonl" }],
    ["cloudwatch:Lamplighter", { kind: "cloudwatch", namespace: "Lamplighter" }],
    ["cloudwatch:Team/Lamp-1", { kind: "cloudwatch", namespace: "Team/Lamp-1" }],
  ])("%s", (text, location) => {
    expect(parseMetricsLocation(text)).toEqual(location);
  });

  it.each([
    "",
    "metrics",
    "/tmp/metrics",
    "https://monitoring.eu-central-1.amazonaws.com/",
    "file://elsewhere/tmp",
    "file:///tmp/a%2fb",
    "cloudwatch",
    "cloudwatch:",
    "cloudwatch:AWS/Lambda",
    "cloudwatch::a",
    "cloudwatch:a b",
    `cloudwatch:${"a".repeat(256)}`,
    "CloudWatch:a",
  ])("is not %j", (text) => {
    expect(parseMetricsLocation(text)).toBeUndefined();
  });

  it("is found or not for any text, without failing", () => {
    const anything = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `cloudwatch:${rest}`),
      fc.string().map((rest) => `file://${rest}`),
    );
    fc.assert(
      fc.property(anything, (text) => {
        const location = parseMetricsLocation(text);
        if (location?.kind === "cloudwatch") expect(location.namespace).toMatch(/^[!-~]{1,255}$/u);
      }),
    );
  });
});

describe("the metric sink there", () => {
  const batch: MetricBatch = {
    pool: "p",
    at: epochMs(Date.now()),
    metrics: [{ name: "Captures", unit: "Count", values: [7] }],
  };

  async function publishes(text: string): Promise<void> {
    const location = parseMetricsLocation(text);
    if (location === undefined) throw new Error(`${text} is no location`);
    const sink = await metricSinkAt(location);
    expect(await sink(keptLog()).publish(batch)).toBe("published");
  }

  it("is a file", async () => {
    const folder = await newFolder();
    await publishes(pathToFileURL(folder).href);
    expect(await readFile(join(folder, "metrics.jsonl"), "utf8")).toContain('"Captures"');
  });

  it("is CloudWatch, wherever the SDK's own settings say that it is", async () => {
    const stub = await startCloudWatchStub();
    try {
      vi.stubEnv("AWS_ENDPOINT_URL_CLOUDWATCH", stub.endpoint);
      vi.stubEnv("AWS_REGION", "eu-central-1");
      vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
      await publishes("cloudwatch:Elsewhere");
      expect(stub.puts.map(({ namespace }) => namespace)).toEqual(["Elsewhere"]);
    } finally {
      await stub.stop();
    }
  });
});
