/**
 * What the bundles' own treatment of the SDK leaves of the clients that are loaded lazily: the same
 * answers as from the sources.
 */
import { readdir } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { chunk, listAll, part } from "#test/contracts/sample-store.contract.ts";
import { startS3Stub, type S3Stub } from "#test/support/s3-stub.ts";
import { startSecretServices, type SecretServices } from "#test/support/secret-services.ts";
import { at } from "#test/support/settable-clock.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";
import { bundle } from "../../infra/bundling.ts";
import type * as Adapters from "./fixtures/adapters/handler.ts";

const newFolder = temporaryFolders();
const BUCKET = "chunks";
let s3: S3Stub;
let services: SecretServices;

beforeAll(async () => {
  s3 = await startS3Stub([BUCKET]);
  services = await startSecretServices();
});

afterAll(async () => {
  await s3.stop();
  await services.stop();
});

beforeEach(() => {
  vi.stubEnv("AWS_ENDPOINT_URL_S3", s3.endpoint);
  vi.stubEnv("AWS_ENDPOINT_URL_SSM", services.endpoint);
  vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", services.endpoint);
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
});

describe("adapters in a bundle", () => {
  let adapters: typeof Adapters;

  beforeAll(async () => {
    const outdir = await newFolder();
    await bundle({ folder: "test/infra/fixtures/adapters", outdir });
    expect((await readdir(outdir)).length).toBeGreaterThan(4);
    // A module that this process made a moment ago: what it exports is what the fixture does.
    adapters = (await import(pathToFileURL(join(outdir, "index.mjs")).href)) as typeof Adapters;
  });

  it("keep, find and tell apart chunks in S3", async () => {
    const location = adapters.parseSamplesLocation(`s3://${BUCKET}/bundled`);
    if (location === undefined) throw new Error("no location");
    const store = await adapters.sampleStoreAt(location, adapters.systemClock());
    const noon = at("2026-11-21T12:00:00Z");
    const one = chunk(noon, [part(1, "x")]);
    await store.put(one);
    await store.put(one);
    const entries = await listAll(store, {
      pool: "main",
      from: noon,
      to: at("2026-11-22T00:00:00Z"),
    });
    expect(entries).toHaveLength(1);
    expect(await Promise.all(entries.map((entry) => store.get(entry)))).toEqual([[part(1, "x")]]);
    const [key = ""] = s3.keys(BUCKET);
    s3.remove(BUCKET, key);
    expect(await Promise.all(entries.map((entry) => store.get(entry)))).toEqual([undefined]);
    s3.fail("PutObject", "conflict", 2);
    await store.put(one);
    s3.fail("PutObject", "forbidden");
    await expect(store.put(chunk(noon + 1, [part(1, "x")], 2))).rejects.toThrow(/AccessDenied/u);
  });

  it("look up secrets, and say why there is none", async () => {
    services.parameters.set("/team/token", "hush");
    services.secrets.set("api", JSON.stringify({ token: "hush" }));
    const secrets = adapters.referencedSecrets({ environment: {}, clock: adapters.systemClock() });
    expect(await secrets.find("ssm:/team/token")).toEqual({ kind: "found", value: "hush" });
    expect(await secrets.find("secretsmanager:api#token")).toMatchObject({ value: "hush" });
    expect(await secrets.find("ssm:/other")).toMatchObject({
      reason: expect.stringContaining("ParameterNotFound") as string,
    });
    expect(await secrets.find("secretsmanager:other")).toMatchObject({
      reason: expect.stringContaining("ResourceNotFoundException") as string,
    });
    services.fail("forbidden");
    expect(await secrets.find("ssm:/closed")).toMatchObject({
      reason: expect.stringContaining("AccessDeniedException (the role") as string,
    });
    services.fail("throttled", 10);
    await expect(secrets.find("ssm:/busy")).rejects.toThrow(/ThrottlingException/u);
  });
});
