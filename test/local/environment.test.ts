import { describe, expect, it } from "vitest";
import { InvariantError } from "#domain/errors.ts";
import { manifest } from "#functions/manifest.ts";
import { functionEnvironment, type CloudAddresses } from "#local/environment.ts";

const ADDRESSES: CloudAddresses = {
  pool: "default",
  leaseTableName: "leases",
  targetTableName: "targets",
  storeEndpoint: "http://127.0.0.1:8000",
  invokeEndpoint: "http://127.0.0.1:9000",
  samplesLocation: "file:///data/samples",
  metricsLocation: "file:///data/metrics",
  compileCache: "/data/compile-cache",
  logLevel: "info",
};

describe("a local function's environment", () => {
  it.each(Object.values(manifest))("has all that the manifest asks for: $name", (description) => {
    const environment = functionEnvironment(description, ADDRESSES, {});
    expect(Object.keys(environment)).toEqual(expect.arrayContaining([...description.environment]));
  });

  it("takes nothing of the person's but LAMPLIGHTER_SECRET_*", () => {
    const own = { HOME: "/home/me", AWS_SECRET_ACCESS_KEY: "mine", LAMPLIGHTER_SECRET_TOKEN: "t", NODE_OPTIONS: "--inspect" }; // prettier-ignore
    const environment = functionEnvironment(manifest.collect, ADDRESSES, own);
    expect(environment).toMatchObject({ LAMPLIGHTER_SECRET_TOKEN: "t", AWS_SECRET_ACCESS_KEY: "local" }); // prettier-ignore
    expect(environment).not.toHaveProperty("HOME");
    expect(environment).not.toHaveProperty("NODE_OPTIONS");
  });

  it("hands the person's credentials to AWS, and to nothing else", () => {
    const own = { AWS_REGION: "eu-central-1", AWS_SECRET_ACCESS_KEY: "mine" };
    const onAws = { ...ADDRESSES, storeEndpoint: "https://dynamodb.eu-central-1.amazonaws.com" };
    expect(functionEnvironment(manifest.collect, onAws, own)).toMatchObject({ ...own, STORE_ENDPOINT: "" }); // prettier-ignore
    const elsewhere = { ...ADDRESSES, storeEndpoint: "https://amazonaws.com.example.com" };
    expect(functionEnvironment(manifest.collect, elsewhere, own)).toMatchObject({ AWS_SECRET_ACCESS_KEY: "local" }); // prettier-ignore
  });

  it("is refused when the manifest asks for what the local cloud doesn't know", () => {
    const description = { ...manifest.collect, environment: ["QUEUE_URL"] };
    const make = (): unknown => functionEnvironment(description, ADDRESSES, {});
    expect(make).toThrow(InvariantError);
    expect(make).toThrow("collect needs QUEUE_URL");
  });
});
