import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { referencedSecrets } from "#adapters/secrets/referenced-secrets.ts";
import { jsonLog } from "#adapters/system/log.ts";
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import type { SecretResult, Secrets } from "#ports/secrets.ts";
import { startSecretServices, type SecretServices } from "#test/support/secret-services.ts";
import { settableClock, type SettableClock } from "#test/support/settable-clock.ts";

const PARAMETER = "ssm:/team/token";
const VALUE = "hush-4711-hush";

let services: SecretServices;
let clock: SettableClock;
let secrets: Secrets;

beforeEach(async () => {
  services = await startSecretServices();
  vi.stubEnv("AWS_ENDPOINT_URL_SSM", services.endpoint);
  vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", services.endpoint);
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
  services.parameters.set("/team/token", VALUE);
  clock = settableClock("2026-11-21T12:00:00Z");
  secrets = referencedSecrets({ environment: { LAMPLIGHTER_SECRET_X: "from here" }, clock });
});

afterEach(async () => {
  await services.stop();
});

function calls(): number {
  return services.requests.length;
}

/** What `find` answers or throws, and all that anybody could print of it. */
async function shown(
  reference: string,
): Promise<{ result: SecretResult | undefined; text: string }> {
  try {
    const result = await secrets.find(reference);
    return { result, text: result.kind === "missing" ? inspect(result) : "" };
  } catch (error) {
    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line);
    jsonLog({ clock, write }).error("failed", { error });
    const hidden = inspect(error, { depth: 20, showHidden: true });
    return { result: undefined, text: [String(error), hidden, ...lines].join("\n") };
  }
}

describe("a secret by reference", () => {
  it("is found in the environment without asking anyone", async () => {
    const found = await secrets.find("env:LAMPLIGHTER_SECRET_X");
    expect(found).toEqual({ kind: "found", value: "from here" });
    expect(calls()).toBe(0);
  });

  it("is a decrypted parameter", async () => {
    expect(await secrets.find(PARAMETER)).toEqual({ kind: "found", value: VALUE });
    expect(services.requests).toEqual([
      { operation: "GetParameter", input: { Name: "/team/token", WithDecryption: true } },
    ]);
  });

  it("is a secret, or what its JSON object has under a key; the secret is asked for once", async () => {
    services.secrets.set("api", JSON.stringify({ user: "me", token: VALUE, port: 8080 }));
    expect(await secrets.find("secretsmanager:api#token")).toMatchObject({ value: VALUE });
    expect(await secrets.find("secretsmanager:api#user")).toMatchObject({ value: "me" });
    expect(await secrets.find("secretsmanager:api#port")).toMatchObject({ value: "8080" });
    expect(await secrets.find("secretsmanager:api")).toMatchObject({
      value: expect.stringContaining(VALUE) as string,
    });
    expect(calls()).toBe(1);
  });

  it.each([
    ["vault:x", /"vault:x" is no reference to a secret: expected env:/u],
    ["env:AWS_SECRET_ACCESS_KEY", /must begin with LAMPLIGHTER_SECRET_/u],
    ["ssm:/other", /"ssm:\/other" is missing: ParameterNotFound/u],
    ["secretsmanager:other", /is missing: ResourceNotFoundException/u],
    ["secretsmanager:text#token", /"secretsmanager:text#token": the secret is no JSON object/u],
    ["secretsmanager:object#other", /has no "other"/u],
    ["secretsmanager:object#toString", /has no "toString"/u],
    ["secretsmanager:object#list", /what it has under "list" is no text/u],
    ["secretsmanager:binary", /is binary/u],
    ["ssm:/empty", /is empty/u],
    ["ssm:/long", /is longer than/u],
  ])("is missing, and the reason shows no value: %s", async (reference, reason) => {
    services.parameters.set("/empty", "");
    services.parameters.set("/long", VALUE.repeat(10_000));
    services.secrets.set("text", `{"token": ${VALUE}`);
    services.secrets.set("object", JSON.stringify({ token: VALUE, list: [VALUE] }));
    services.secrets.set("binary", Buffer.from(VALUE));
    const { result, text } = await shown(reference);
    expect(result).toEqual({
      kind: "missing",
      reason: expect.stringMatching(reason) as string,
    });
    expect(text).not.toContain(VALUE);
    expect(text).not.toContain("hush");
  });

  it("is missing where the role may not read it: somebody has to act", async () => {
    services.fail("forbidden", 10);
    const { result } = await shown(PARAMETER);
    expect(result).toMatchObject({
      kind: "missing",
      reason: expect.stringMatching(/AccessDeniedException \(the role may not read it/u) as string,
    });
    expect(calls()).toBe(1);
  });

  it.each(["throttled", "failed", "hold", "garbled"] as const)(
    "can't be looked up for now when the service is %s",
    async (fault) => {
      services.fail(fault, 100);
      const failed = secrets.find(PARAMETER);
      await expect(failed).rejects.toThrow(DependencyError);
      await expect(failed).rejects.toMatchObject({ retryable: true });
    },
  );

  it.each(["throttled", "failed", "garbled"] as const)(
    "shows nothing of itself when the service is %s",
    async (fault) => {
      services.secrets.set("api", VALUE);
      services.fail(fault, 100);
      const { text } = await shown("secretsmanager:api");
      expect(text).toContain("secretsmanager:api");
      expect(text).not.toContain("hush");
    },
  );
});

describe("what was looked up", () => {
  it("is asked for once by all who want it at the same moment", async () => {
    const found = await Promise.all(Array.from({ length: 50 }, () => secrets.find(PARAMETER)));
    expect(new Set(found.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(calls()).toBe(1);
  });

  it("is kept for five minutes, and no longer", async () => {
    await secrets.find(PARAMETER);
    services.parameters.set("/team/token", "rotated");
    await clock.advance(limits.secretRefreshAfterMs - 1);
    expect(await secrets.find(PARAMETER)).toMatchObject({ value: VALUE });
    expect(calls()).toBe(1);
    await clock.advance(limits.secretAgeMaxMs);
    expect(await secrets.find(PARAMETER)).toMatchObject({ value: "rotated" });
  });

  it("is asked for again a minute before that, and nobody waits for it", async () => {
    await secrets.find(PARAMETER);
    services.parameters.set("/team/token", "rotated");
    await clock.advance(limits.secretRefreshAfterMs);
    expect(await secrets.find(PARAMETER)).toMatchObject({ value: VALUE });
    await vi.waitFor(async () => {
      expect(await secrets.find(PARAMETER)).toMatchObject({ value: "rotated" });
    });
    expect(calls()).toBe(2);
  });

  it("is used until its age is up when asking again fails", async () => {
    await secrets.find(PARAMETER);
    await clock.advance(limits.secretRefreshAfterMs);
    services.fail("forbidden", 100);
    expect(await secrets.find(PARAMETER)).toMatchObject({ value: VALUE });
    await vi.waitFor(() => expect(calls()).toBe(2));
    expect(await secrets.find(PARAMETER)).toMatchObject({ value: VALUE });
    await clock.advance(limits.secretAgeMaxMs - limits.secretRefreshAfterMs);
    expect(await secrets.find(PARAMETER)).toMatchObject({ kind: "missing" });
  });

  it("is asked for again when the clock was set back", async () => {
    await secrets.find(PARAMETER);
    clock.jump(-3_600_000);
    await secrets.find(PARAMETER);
    expect(calls()).toBe(2);
  });

  it("is remembered for ten seconds when it failed", async () => {
    services.parameters.delete("/team/token");
    await secrets.find(PARAMETER);
    services.parameters.set("/team/token", VALUE);
    await clock.advance(limits.secretFailureAgeMs - 1);
    expect(await secrets.find(PARAMETER)).toMatchObject({ kind: "missing" });
    expect(calls()).toBe(1);
    await clock.advance(1);
    expect(await secrets.find(PARAMETER)).toMatchObject({ value: VALUE });
  });

  it("is remembered for as long when nobody could be asked", async () => {
    services.fail("failed", limits.storeAttemptsMax);
    await expect(secrets.find(PARAMETER)).rejects.toThrow(DependencyError);
    await expect(secrets.find(PARAMETER)).rejects.toThrow(DependencyError);
    expect(calls()).toBe(limits.storeAttemptsMax);
    await clock.advance(limits.secretFailureAgeMs);
    expect(await secrets.find(PARAMETER)).toMatchObject({ value: VALUE });
  });

  it("is forgotten, the longest unused first, beyond as many as are kept", async () => {
    const count = limits.secretsCachedMax;
    for (let index = 0; index <= count; index += 1)
      services.parameters.set(`/many/${index}`, String(index));
    for (let index = 0; index < count; index += 1) await secrets.find(`ssm:/many/${index}`);
    await secrets.find("ssm:/many/0");
    expect(calls()).toBe(count);
    await secrets.find(`ssm:/many/${count}`);
    await secrets.find("ssm:/many/0");
    expect(calls()).toBe(count + 1);
    await secrets.find("ssm:/many/1");
    expect(calls()).toBe(count + 2);
  });

  it("is asked for a few at a time", async () => {
    for (let index = 0; index < 40; index += 1) services.parameters.set(`/many/${index}`, "x");
    const resume = services.pause();
    const all = Array.from({ length: 40 }, (_, index) => secrets.find(`ssm:/many/${index}`));
    await vi.waitFor(() => expect(calls()).toBe(limits.secretsAtOnceMax));
    resume();
    await Promise.all(all);
    expect(services.openMax).toBe(limits.secretsAtOnceMax);
  });
});
