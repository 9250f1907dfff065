import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "#adapters/system/clock.ts";
import { sampleStoreAt } from "#functions/shared/sample-store-at.ts";
import { parseSamplesLocation } from "#functions/shared/samples-location.ts";
import { chunk, listAll, part } from "#test/contracts/sample-store.contract.ts";
import { startS3Stub } from "#test/support/s3-stub.ts";
import { at } from "#test/support/settable-clock.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";
import { pathToFileURL } from "node:url";
import { vi } from "vitest";

const newFolder = temporaryFolders();

describe("where samples are kept", () => {
  it.each([
    ["file:///tmp/samples", { kind: "file", root: "/tmp/samples" }],
    ["file:///tmp/with%20space", { kind: "file", root: "/tmp/with space" }],
    ["s3://chunks", { kind: "s3", bucket: "chunks", prefix: "" }],
    ["s3://chunks/", { kind: "s3", bucket: "chunks", prefix: "" }],
    ["s3://my.chunks-1/a/b_c", { kind: "s3", bucket: "my.chunks-1", prefix: "a/b_c" }],
    ["s3://chunks/a/", { kind: "s3", bucket: "chunks", prefix: "a" }],
  ])("%s", (text, location) => {
    expect(parseSamplesLocation(text)).toEqual(location);
  });

  it.each([
    "",
    "samples",
    "/tmp/samples",
    "https://chunks.s3.amazonaws.com/",
    "file://elsewhere/tmp",
    "file:///tmp/a%2fb",
    "s3://",
    "s3:///a",
    "s3://ab",
    "s3://Chunks",
    "s3://a..b",
    "s3://-ab",
    "s3://1.2.3.4",
    "s3://chunks//a",
    "s3://chunks/a//b",
    "s3://chunks/../b",
    "s3://chunks/a/.",
    "s3://chunks/a b",
    "s3://chunks/a?versionId=1",
    `s3://chunks/${"a".repeat(501)}`,
    "S3://chunks",
  ])("is not %j", (text) => {
    expect(parseSamplesLocation(text)).toBeUndefined();
  });

  it("is found or not for any text, without failing", () => {
    const anything = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `s3://${rest}`),
      fc.string().map((rest) => `file://${rest}`),
    );
    fc.assert(
      fc.property(anything, (text) => {
        const location = parseSamplesLocation(text);
        if (location?.kind === "s3") expect(location.prefix).not.toMatch(/^\/|\/$|\/\//u);
      }),
    );
  });
});

describe("the sample store there", () => {
  const NOON = at("2026-11-21T12:00:00Z");
  const day = { pool: "main", from: at("2026-11-21T00:00:00Z"), to: at("2026-11-22T00:00:00Z") };

  async function works(text: string): Promise<void> {
    const location = parseSamplesLocation(text);
    if (location === undefined) throw new Error(`${text} is no location`);
    const store = await sampleStoreAt(location, systemClock());
    await store.put(chunk(NOON, [part(1, "x")]));
    expect(await listAll(store, day)).toHaveLength(1);
  }

  it("is a folder", async () => {
    await works(pathToFileURL(await newFolder()).href);
  });

  it("is a bucket, wherever the SDK's own settings say that S3 is", async () => {
    const stub = await startS3Stub(["chunks"]);
    try {
      vi.stubEnv("AWS_ENDPOINT_URL_S3", stub.endpoint);
      vi.stubEnv("AWS_REGION", "eu-central-1");
      vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
      await works("s3://chunks/default");
      expect(stub.keys("chunks")[0]).toMatch(/^default\/main\/2026-11-21T12\//u);
    } finally {
      await stub.stop();
    }
  });
});
