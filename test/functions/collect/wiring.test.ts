import { describe, expect, it } from "vitest";
import { collectEnvironment } from "#functions/collect/env.ts";
import { wireCollect } from "#functions/collect/wiring.ts";
import { parseEnvironment } from "#functions/shared/parse.ts";

const base = {
  LAMPLIGHTER_POOL: "default",
  LEASE_TABLE_NAME: "leases",
  TARGET_TABLE_NAME: "targets",
  STORE_ENDPOINT: "http://127.0.0.1:9",
  AWS_REGION: "eu-central-1",
};

async function chunkEveryMs(own: Readonly<Record<string, string>>): Promise<number> {
  const environment = { ...base, ...own };
  const { settings, probe } = await wireCollect(
    parseEnvironment(collectEnvironment, environment),
    environment,
  );
  await probe.close();
  return settings.chunkEveryMs;
}

describe("a collector's chunks", () => {
  it("close every second where they are files", async () => {
    expect(await chunkEveryMs({ SAMPLES_LOCATION: "file:///tmp/samples" })).toBe(1_000);
  });

  it("close every ten seconds where each put is paid for", async () => {
    expect(await chunkEveryMs({ SAMPLES_LOCATION: "s3://chunks/default" })).toBe(10_000);
  });

  it.each(["file:///tmp/samples", "s3://chunks"])(
    "close as often as the operator says: %s",
    async (location) => {
      const own = { SAMPLES_LOCATION: location, CHUNK_EVERY_MS: "2500" };
      expect(await chunkEveryMs(own)).toBe(2_500);
    },
  );
});
