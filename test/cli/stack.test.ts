/** Commands on a deployed stack: its outputs from CloudFormation, its stores where they say. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { s3Client } from "#adapters/s3/client.ts";
import { s3SampleStore } from "#adapters/s3/sample-store.ts";
import { systemIds } from "#adapters/system/ids.ts";
import { cadenceKey, every } from "#domain/cadence.ts";
import { sampleLine, samplePrefix } from "#domain/chunk-lines.ts";
import { targetHash } from "#domain/hash.ts";
import { leaseId } from "#domain/lease.ts";
import { slotOf } from "#domain/slot.ts";
import { emptyMinute, emptyProgress, minuteOf } from "#domain/progress.ts";
import { after, durationMs } from "#domain/units.ts";
import { bucketOf } from "#ports/sample-store.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { engineMissing, startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { storesOn } from "#test/support/on-engine.ts";
import { startS3Stub } from "#test/support/s3-stub.ts";
import { startStubAws, STUB_OUTPUTS, useStubAws, type StubAws } from "#test/support/stub-aws.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { runCli, type Ran } from "./run-cli.ts";

let aws: StubAws;
let folder: string;

beforeAll(async () => {
  aws = await startStubAws();
  folder = await mkdtemp(join(tmpdir(), "lamplighter-stack-"));
});
afterAll(async () => {
  await aws.close();
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  aws.stacks.splice(0);
  aws.invocations.splice(0);
  aws.refusal = undefined;
  aws.functions = undefined;
  aws.onInvoke = () => ({});
  aws.onUnknown = () => undefined;
  useStubAws(aws);
});

describe("--stack", () => {
  test("together with --data is refused", async () => {
    const ran = await runCli(["--stack", "Lamplighter", "--data", folder, "status"]);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("found both --stack and --data, expected one of them");
  });

  test("of the environment gives way to --data, and is said to be where the name is from", async () => {
    const environment = { LAMPLIGHTER_STACK: "Lamplighter" };
    const ran = await runCli(["--data", join(folder, "none"), "status"], { environment });
    expect(ran.err).toContain("no system runs on");
    const there = await runCli(["status"], { environment });
    expect(there.err).toContain(
      'LAMPLIGHTER_STACK: found "Lamplighter", expected a stack in eu-central-1',
    );
  });

  test("that is no stack's name is refused before anything is asked", async () => {
    const ran = await runCli(["--stack", "no stack", "status"]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('Found "no stack", expected a stack\'s name');
    const environment = { LAMPLIGHTER_STACK: "no stack" };
    expect((await runCli(["status"], { environment })).err).toContain("LAMPLIGHTER_STACK: found");
  });

  test("starts no local system", async () => {
    const ran = await runCli(["up", "--stack", "Lamplighter"]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("expected no --stack: `up` starts a local system");
  });

  test("of the environment is none of a local system's business, but of the commands beside it", async () => {
    const environment = { LAMPLIGHTER_STACK: "Lamplighter" };
    const ran = await runCli(["up", "--demo", "3", "--endpoints", folder], { environment });
    expect(ran.err).toContain("LAMPLIGHTER_STACK=Lamplighter is set: other commands work on that");
    // It goes on, to what is wrong with its own options.
    expect(ran.err).toContain("both --endpoints and --demo");
  });

  test("that isn't there says where it was looked for", async () => {
    const ran = await runCli(["--stack", "Lamplighter-web", "leases"]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('--stack: found "Lamplighter-web", expected a stack in eu-central-1');
  });

  test("without our outputs says which are missing", async () => {
    const { PoolName: _, SamplesLocation: __, ...outputs } = STUB_OUTPUTS;
    aws.stacks.push({ name: "Other", status: "ROLLBACK_COMPLETE", outputs });
    const ran = await runCli(["--stack", "Other", "leases"]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(
      "stack Other (ROLLBACK_COMPLETE): found no output PoolName, SamplesLocation, expected",
    );
    expect(ran.err).toContain("cdk deploy");
  });

  test("needs a region, and says how to give one", async () => {
    vi.stubEnv("AWS_REGION", undefined);
    const ran = await runCli(["--stack", "Lamplighter", "status"]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("region: found none, expected");
    expect(ran.err).toContain("AWS_REGION=");
  });

  test("needs credentials, and says how to give some", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", undefined);
    const ran = await runCli(["--stack", "Lamplighter", "status"]);
    expect(ran.code).toBe(3);
    expect(ran.err).toContain("no AWS credentials");
    expect(ran.err).toContain("AWS_PROFILE");
    expect(ran.err).not.toContain("trying again may help");
  });

  describe("with AWS_PROFILE", () => {
    beforeEach(async () => {
      vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", undefined);
      const config = join(folder, "config");
      const credentials = join(folder, "credentials");
      await writeFile(config, "[profile empty]\nregion = eu-west-1\n[sso-session web]\nsso_region = eu-west-1\n"); // prettier-ignore
      await writeFile(
        credentials,
        "[web-prod]\naws_access_key_id = a\naws_secret_access_key = b\n",
      );
      vi.stubEnv("AWS_CONFIG_FILE", config);
      vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", credentials);
    });

    test.each([
      ["web-prdo", 'no profile is called "web-prdo"', 'did you mean "web-prod"?'],
      ["web", 'no profile is called "web"', ""],
    ])("that no file has says so: %s", async (profile, said, suggested) => {
      vi.stubEnv("AWS_PROFILE", profile);
      const ran = await runCli(["--stack", "Lamplighter", "status"]);
      expect(ran.code).toBe(3);
      expect(ran.err).toContain(said);
      expect(ran.err).toContain(suggested);
      expect(ran.err).toContain(join(folder, "config"));
      expect(ran.err).toContain(join(folder, "credentials"));
      expect(ran.err).not.toContain("set AWS_PROFILE");
    });

    test("that no file has is also why there is no region", async () => {
      vi.stubEnv("AWS_REGION", undefined);
      vi.stubEnv("AWS_PROFILE", "web-prdo");
      const ran = await runCli(["--stack", "Lamplighter", "status"]);
      expect(ran.code).toBe(2);
      expect(ran.err).toContain('AWS_PROFILE: found "web-prdo", expected a profile of');
      expect(ran.err).toContain('did you mean "web-prod"?');
    });

    test("that has no credentials is named", async () => {
      vi.stubEnv("AWS_PROFILE", "empty");
      const ran = await runCli(["--stack", "Lamplighter", "status"]);
      expect(ran.code).toBe(3);
      expect(ran.err).toContain('profile "empty" (AWS_PROFILE) gives no credentials');
    });
  });

  test.each([
    [{ status: 403, code: "ExpiredToken", message: "The token has expired" }, "sign in again"],
    [{ status: 403, code: "AccessDenied", message: "not authorized to perform: cloudformation:DescribeStacks" }, "cloudformation:DescribeStacks"], // prettier-ignore
    [{ status: 503, code: "ServiceUnavailable", message: "later" }, "(trying again may help)"],
  ])("answers %j with who acts", async (refusal, said) => {
    aws.refusal = refusal;
    const ran = await runCli(["--stack", "Lamplighter", "status"]);
    expect(ran.code).toBe(3);
    expect(ran.err).toContain(said);
  });

  test("has one pool", async () => {
    aws.stacks.push({ name: "Lamplighter", outputs: STUB_OUTPUTS });
    const ran = await runCli(["--stack", "Lamplighter", "--pool", "other", "leases"]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(
      '--pool: found "other", expected "default", the pool of stack Lamplighter',
    );
  });
});

interface Deployed {
  readonly pool: string;
  readonly outputs: Record<string, string>;
  readonly onStack: (...words: readonly string[]) => Promise<Ran>;
}

describe.skipIf(engineMissing() !== undefined)("a command on a deployed stack", () => {
  let engine: TestEngine;
  let stacks = 0;

  beforeAll(async () => {
    engine = await startTestEngine();
  });
  afterAll(() => engine.stop());
  beforeEach(() => {
    vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", engine.endpoint);
    stacks += 1;
  });

  const deploy = (): Deployed => {
    const pool = `pool-${stacks}`;
    const name = `Lamplighter-${pool}`;
    const outputs: Record<string, string> = {
      ...STUB_OUTPUTS,
      PoolName: pool,
      LeaseTableName: engine.tables.leases,
      TargetTableName: engine.tables.targets,
      SamplesLocation: pathToFileURL(join(folder, pool)).href,
    };
    aws.stacks.push({ name, outputs });
    return { pool, outputs, onStack: (...words) => runCli(["--stack", name, ...words]) };
  };
  const found = (pool: string): Promise<unknown> =>
    foundPool(
      { clock: systemClock(), leases: storesOn(engine, pool).leases },
      { pool, slotsLog2: 3, desired: 2 },
    );

  test("registers, lists, shows, asks for and removes targets", async () => {
    const { pool, onStack } = deploy();
    await found(pool);
    const added = await onStack("targets", "add", "http://127.0.0.1:9/#a", "--every", "5s");
    expect(added).toEqual({
      code: 0,
      out: "added 127.0.0.1:9/#a: captured now, then every 5s\n",
      err: "",
    });
    expect(aws.invocations).toEqual([
      { functionName: "Lamplighter-Rebalance-1", type: "Event", event: { pool } },
    ]);
    expect(aws.authorization).toContain("/eu-central-1/lambda/");
    const file = join(folder, "targets.jsonl");
    await writeFile(file, '{"url":"http://127.0.0.1:9/#b","cadence":"every 60s"}\n');
    expect((await onStack("targets", "import", file)).out).toBe(
      "1 added, 0 changed, 0 unchanged\n",
    );
    const listed = await onStack("targets", "list", "--json");
    expect(listed.out.trim().split("\n")).toHaveLength(2);
    expect((await onStack("targets", "show", "127.0.0.1:9/#a")).out).toContain("every 5s");
    expect((await onStack("targets", "capture", "127.0.0.1:9/#a")).out).toContain("within seconds");
    expect((await onStack("status")).out).toContain("2 targets: 0 up, 0 down, 2 waiting\n");
    expect((await onStack("samples", "127.0.0.1:9/#a")).code).toBe(0);
    expect((await onStack("leases")).out).toContain(`pool ${pool}: 0 collectors running, 2 wanted`);
    expect((await onStack("targets", "remove", "127.0.0.1:9/#a")).out).toBe("1 removed\n");
  });

  test("shows how busy each lease's collector was: what an overload is looked for in", async () => {
    const { pool, onStack } = deploy();
    await found(pool);
    const { leases } = storesOn(engine, pool);
    const now = systemClock().now();
    const request = { pool, id: leaseId(1), owner: systemIds().owner(), ttlMs: 10_000 };
    const deadlineAt = after(now, 900_000);
    await leases.acquire({ ...request, now, skewMaxMs: 100, deadlineAt });
    // The same in both minutes: one of them is the last whole one.
    const [current, previous] = [minuteOf(now), minuteOf(now) - 1].map((minute) => {
      return { ...emptyMinute(minute), captures: 120, busyMs: 45_000 };
    });
    if (current === undefined || previous === undefined) throw new Error("two minutes");
    const progress = { ...emptyProgress(now), current, previous };
    await leases.renew({ ...request, sentAt: now, progress });
    const { out } = await onStack("leases");
    expect(out).toMatch(/ LAG +CAPTURES\/MIN +BUSY +NEXT/u);
    expect(out).toMatch(/^0001 .* 120 +75 % /mu);
    const [line = ""] = (await onStack("leases", "--json")).out.split("\n");
    expect(JSON.parse(line)).toMatchObject({ lastMinute: { captures: 120, busyMs: 45_000 } });
  });

  test("shows what is quarantined, and lifts it: once, and only what is", async () => {
    const { pool, onStack } = deploy();
    await found(pool);
    const { leases } = storesOn(engine, pool);
    const now = systemClock().now();
    const until = after(now, 900_000);
    const shut = { pool, id: leaseId(2), version: 1, now, until, skewMaxMs: 100 };
    await leases.quarantine({ ...shut, deathsWithinMs: 900_000 });
    const shown = await onStack("leases");
    expect(shown.out).toMatch(/^0002 +quarantined, 0 died /mu);
    const warning =
      /4 slots quarantined, whose targets aren't captured: collectors died of lease 0002; one tries it again in 14m \d+s, or with `lamplighter leases lift 0002`/u;
    expect(shown.err).toMatch(warning);
    expect((await onStack("status")).err).toMatch(warning);
    expect(await onStack("leases", "lift", "2")).toEqual({
      code: 0,
      out: "lease 0002 (4 slots) isn't quarantined any more: the rebalancer starts a collector for it within two seconds, a minute at most\n",
      err: "",
    });
    expect((await leases.findLease(pool, leaseId(2)))?.quarantine).toBeUndefined();
    const again = await onStack("leases", "lift", "0002");
    expect(again).toMatchObject({ code: 1, out: "" });
    expect(again.err).toContain("lease 0002 isn't quarantined: nothing was changed");
    const unknown = await onStack("leases", "lift", "0009");
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain("there is no lease 0009");
    const wrong = await onStack("leases", "lift", "all");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('Found "all", expected a lease\'s number such as 0007');
  });

  test("that registers has the rebalance function found the pool first", async () => {
    const { pool, onStack } = deploy();
    const founding: Promise<unknown>[] = [];
    aws.onInvoke = () => {
      if (founding.length === 0) founding.push(found(pool));
      return {};
    };
    const added = await onStack("targets", "add", "http://127.0.0.1:9/#a");
    await Promise.all(founding);
    expect(added).toMatchObject({ code: 0 });
    expect(added.err).toContain(
      `pool ${pool} isn't founded yet: its rebalance function is started`,
    );
    expect(aws.invocations[0]).toEqual({
      functionName: "Lamplighter-Rebalance-1",
      type: "Event",
      event: { pool },
    });
  });

  test("that registers waits for the schedule where it may not start the rebalance function", async () => {
    const { pool, onStack } = deploy();
    const founding: Promise<unknown>[] = [];
    aws.functions = [];
    aws.onUnknown = () => {
      if (founding.length === 0) founding.push(found(pool));
    };
    const added = await onStack("targets", "add", "http://127.0.0.1:9/#a");
    await Promise.all(founding);
    expect(added).toMatchObject({ code: 0 });
    expect(added.err).toContain("its schedule starts it within a minute");
  });

  test("does its work where it may not start functions, and says when the rest follows", async () => {
    const { pool, onStack } = deploy();
    await found(pool);
    aws.functions = [];
    const added = await onStack("targets", "add", "http://127.0.0.1:9/#a");
    const asked = await onStack("targets", "capture", "--all");
    for (const ran of [added, asked]) {
      expect(ran.code).toBe(0);
      expect(ran.err).toContain("Lamplighter-Rebalance-1 could not be started");
      expect(ran.err).toContain("its schedule starts it within a minute");
    }
  });

  test("reads samples from the stack's bucket", async () => {
    const { pool, onStack, outputs } = deploy();
    await found(pool);
    const s3 = await startS3Stub(["samples-1"]);
    try {
      outputs["SamplesLocation"] = "s3://samples-1/samples";
      vi.stubEnv("AWS_ENDPOINT_URL_S3", s3.endpoint);
      const id = "127.0.0.1:9/#a";
      const { hash32 } = targetHash(id);
      const now = systemClock().now();
      const prefix = samplePrefix(id, slotOf(hash32, 3), cadenceKey(every(60_000)));
      const capture = { startedAt: now, durationMs: durationMs(7), values: { version: "1.2" } };
      const client = s3Client({ endpoint: s3.endpoint });
      const store = s3SampleStore({ client, bucket: "samples-1", prefix: "samples", clock: systemClock() }); // prettier-ignore
      await store.put({
        name: { pool, closedAt: now, lease: leaseId(1), epoch: 1, owner: systemIds().owner(), sequence: 1 }, // prettier-ignore
        parts: [{ bucket: bucketOf(hash32), lines: sampleLine(prefix, now, 1, capture) }],
      });
      client.destroy();
      const ran = await onStack("samples", id);
      expect(ran).toMatchObject({ code: 0, err: "" });
      expect(ran.out).toContain('version="1.2"');
    } finally {
      await s3.stop();
    }
  });

  test("that reads says when there will be something", async () => {
    const { pool, onStack } = deploy();
    const ran = await onStack("status");
    expect(ran.code).toBe(3);
    expect(ran.err).toContain(`pool ${pool} isn't founded yet`);
    expect(ran.err).toContain("within a minute");
    expect(aws.invocations).toEqual([]);
  });

  test("invokes a function by either of its names", async () => {
    const { onStack } = deploy();
    aws.onInvoke = ({ event }) => ({ got: event });
    const event = join(folder, "event.json");
    await writeFile(event, "{}");
    for (const name of ["health-check", "HealthCheck"]) {
      const ran = await onStack("invoke", name, "--event", event);
      expect(ran).toEqual({ code: 0, out: '{"got":{}}\n', err: "" });
    }
    expect(aws.invocations.map(({ functionName, type }) => [functionName, type])).toEqual([
      ["Lamplighter-HealthCheck-1", "RequestResponse"],
      ["Lamplighter-HealthCheck-1", "RequestResponse"],
    ]);
    expect(await onStack("invoke", "collect", "--async")).toMatchObject({ code: 0, err: "collect accepted\n" }); // prettier-ignore
    aws.onInvoke = () => {
      throw new Error("no lease");
    };
    const failed = await onStack("invoke", "collect");
    expect(failed).toMatchObject({ code: 1, err: "collect failed: Error: no lease\n" });
  });
});
