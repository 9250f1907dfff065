/** `targets import` of endpoint files: once, into a deployed stack or a local system. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { dynamoConfigurationStore } from "#adapters/dynamodb/configuration-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { systemClock } from "#adapters/system/clock.ts";
import type { ConfigurationState } from "#ports/configuration-store.ts";
import { foundPool } from "#usecases/found-pool.ts";
import { engineMissing, startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { storesOn } from "#test/support/on-engine.ts";
import { startStubAws, STUB_OUTPUTS, useStubAws, type StubAws } from "#test/support/stub-aws.ts";
import { runCli, type Ran } from "./run-cli.ts";

const isSkipped = engineMissing() !== undefined;

let aws: StubAws;
let engine: TestEngine;
let folder: string;
let pools = 0;

beforeAll(async () => {
  if (isSkipped) return;
  [aws, engine] = await Promise.all([startStubAws(), startTestEngine()]);
  folder = await mkdtemp(join(tmpdir(), "lamplighter-import-"));
});
afterAll(async () => {
  if (isSkipped) return;
  await Promise.all([aws.close(), engine.stop(), rm(folder, { recursive: true })]);
});

beforeEach(() => {
  if (isSkipped) return;
  useStubAws(aws);
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", engine.endpoint);
});

interface World {
  readonly dir: string;
  put(file: string, text: string): Promise<void>;
  remove(file: string): Promise<void>;
  onStack(...words: readonly string[]): Promise<Ran>;
  ids(): Promise<readonly string[]>;
  configuration(): Promise<ConfigurationState | undefined>;
}

async function world(): Promise<World> {
  pools += 1;
  const pool = `pool-${pools}`;
  const dir = join(folder, pool);
  await mkdir(dir);
  const clock = systemClock();
  await foundPool({ clock, leases: storesOn(engine, pool).leases }, { pool, slotsLog2: 2, desired: 1 }); // prettier-ignore
  const { leases, targets } = engine.tables;
  const outputs = {
    ...STUB_OUTPUTS,
    PoolName: pool,
    LeaseTableName: leases,
    TargetTableName: targets,
  };
  aws.stacks.push({ name: pool, outputs });
  const onStack = (...words: readonly string[]): Promise<Ran> => runCli(["--stack", pool, ...words]); // prettier-ignore
  const tools = { client: engine.client, meter: capacityMeter(), clock };
  return {
    dir,
    onStack,
    put: (file, text) => writeFile(join(dir, file), text),
    remove: (file) => rm(join(dir, file)),
    async ids() {
      const { out } = await onStack("targets", "list", "--json");
      const lines = out.split("\n").filter((line) => line !== "");
      return lines.map((line) => String((JSON.parse(line) as { id: unknown }).id)).toSorted();
    },
    configuration: () => dynamoConfigurationStore({ ...tools, tableName: leases }).find(pool),
  };
}

const WEB = "web.example.com/:\n  cadence: every 60s\n";
const API = "api.example.com/:\n  cadence: every 30s\n  tags: { team: api }\n";
const BROKEN = "shop.example.com/:\n  cadense: every 60s\n";

describe.skipIf(isSkipped)("targets import of endpoint files", () => {
  test("registers a folder once; repeated, nothing changes", async () => {
    const { dir, put, onStack, ids } = await world();
    await put("web.yml", WEB);
    await put("api.yml", API);
    expect(await onStack("targets", "import", dir)).toEqual({
      code: 0,
      out: "2 files: 2 added, 0 changed, 0 unchanged\n",
      err: "",
    });
    expect(await ids()).toEqual(["api.example.com/", "web.example.com/"]);
    const again = await onStack("targets", "import", dir, "--json");
    expect(JSON.parse(again.out)).toMatchObject({ files: 2, added: 0, unchanged: 2, problems: 0 });
  });

  test("names what is refused, loads the rest, and tells the health check", async () => {
    const { dir, put, onStack, ids, configuration } = await world();
    await put("web.yml", WEB);
    await put("shop.yml", BROKEN);
    const ran = await onStack("targets", "import", dir);
    expect(ran).toMatchObject({ code: 1, out: "2 files: 1 added, 0 changed, 0 unchanged\n" });
    expect(ran.err).toContain("shop.yml:2:");
    expect(ran.err).toContain("1 file refused: its targets stay as they were");
    expect(await ids()).toEqual(["web.example.com/"]);
    expect(await configuration()).toMatchObject({ accepted: 1, refused: 1 });
    expect((await configuration())?.problems[0]).toContain("shop.yml:2:");

    await put("shop.yml", BROKEN.replace("cadense", "cadence"));
    expect((await onStack("targets", "import", dir)).code).toBe(0);
    expect(await configuration()).toMatchObject({ accepted: 2, refused: 0, problems: [] });
  });

  test("takes one file, too", async () => {
    const { dir, put, onStack, ids, configuration } = await world();
    await put("web.yml", WEB);
    await put("shop.yml", BROKEN);
    expect((await onStack("targets", "import", join(dir, "shop.yml"))).code).toBe(1);
    expect(await configuration()).toMatchObject({ accepted: 0, refused: 1 });
    const ran = await onStack("targets", "import", join(dir, "web.yml"));
    expect(ran).toMatchObject({ code: 0, out: "1 file: 1 added, 0 changed, 0 unchanged\n" });
    expect(await ids()).toEqual(["web.example.com/"]);
  });

  test("never removes by itself; --prune shows what is in no file, --at-most removes it", async () => {
    const { dir, put, remove, onStack, ids } = await world();
    await put("web.yml", WEB);
    await put("api.yml", API);
    await onStack("targets", "import", dir);
    await remove("api.yml");
    expect((await onStack("targets", "import", dir)).out).not.toContain("api.example.com");
    const dry = await onStack("targets", "import", dir, "--prune");
    expect(dry.code).toBe(0);
    expect(dry.out).toBe(
      "1 file: 0 added, 0 changed, 1 unchanged\n" +
        "1 target is in no file:\n  api.example.com/\n" +
        "nothing was removed of 1 target: to remove it, give --at-most with a number that you expect\n",
    );
    expect(await ids()).toHaveLength(2);
    const done = await onStack("targets", "import", dir, "--prune", "--at-most", "5");
    expect(done).toMatchObject({ code: 0, err: "" });
    expect(done.out).toContain("1 target is in no file:\n  api.example.com/\n1 removed\n");
    expect(await ids()).toEqual(["web.example.com/"]);
    const clean = await onStack("targets", "import", dir, "--prune", "--at-most", "5", "--json");
    expect(JSON.parse(clean.out)).toMatchObject({ prune: { found: 0, removed: 0 } });
  });

  test("says of targets that a file disables that they are disabled, and removes them likewise", async () => {
    const { dir, put, remove, onStack, ids } = await world();
    await put("web.yml", WEB);
    await put("api.yml", API);
    await put("b.yml", "b.example.com/: {}\n");
    await onStack("targets", "import", dir);
    await remove("b.yml");
    await put("api.yml", "api.example.com/: { enabled: false, tags: { team: api } }\n");
    const dry = await onStack("targets", "import", dir, "--prune");
    expect(dry.out).toContain(
      "1 target is in no file:\n  b.example.com/\n" +
        "1 target is disabled:\n  api.example.com/\n" +
        "nothing was removed of 2 targets: to remove them, give --at-most with a number that you expect\n",
    );
    const json = await onStack("targets", "import", dir, "--prune", "--json");
    const found = ["api.example.com/", "b.example.com/"];
    expect(JSON.parse(json.out)).toMatchObject({
      prune: { found: 2, ids: found, disabled: ["api.example.com/"], removed: 0 },
    });
    const done = await onStack("targets", "import", dir, "--prune", "--at-most", "2");
    expect(done.out).toContain("2 removed\n");
    expect(await ids()).toEqual(["web.example.com/"]);
    expect((await onStack("targets", "import", dir, "--prune")).out).not.toContain("is disabled:");
  });

  test("removes nothing where more would go than --at-most allows", async () => {
    const { dir, put, remove, onStack, ids } = await world();
    await put("web.yml", `${WEB}b.example.com/: {}\nc.example.com/: {}\n`);
    await put("api.yml", API);
    await onStack("targets", "import", dir);
    await remove("web.yml");
    const ran = await onStack("targets", "import", dir, "--prune", "--at-most", "2");
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("nothing was removed: 3 are more than --at-most 2");
    expect(await ids()).toHaveLength(4);
  });

  test("removes only what has the tag", async () => {
    const { dir, put, remove, onStack, ids } = await world();
    await put("web.yml", WEB);
    await put("api.yml", API);
    await onStack("targets", "import", dir);
    await onStack("targets", "add", "http://127.0.0.1:9/#by-hand");
    await remove("api.yml");
    const ran = await onStack("targets", "import", dir, "--prune", "--at-most", "9", "--tag", "team=api"); // prettier-ignore
    expect(ran.code).toBe(0);
    expect(await ids()).toEqual(["127.0.0.1:9/#by-hand", "web.example.com/"]);
  });

  test("removes nothing while a file can't be read: what it lacks proves nothing", async () => {
    const { dir, put, remove, onStack, ids } = await world();
    await put("web.yml", WEB);
    await put("api.yml", API);
    await onStack("targets", "import", dir);
    await remove("api.yml");
    await put("web.yml", BROKEN);
    const ran = await onStack("targets", "import", dir, "--prune", "--at-most", "5");
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("nothing was removed: not all of the files could be read");
    expect(await ids()).toHaveLength(2);
  });

  test("removes nothing while a file has a name that isn't read: most likely it was renamed", async () => {
    const { dir, put, remove, onStack, ids } = await world();
    await put("web.yml", WEB);
    await put("api.yml", API);
    await onStack("targets", "import", dir);
    await remove("api.yml");
    await put("api.yaml", API);
    const ran = await onStack("targets", "import", dir, "--prune", "--at-most", "5");
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("api.yaml:1:1: not read: endpoint files end in .yml");
    expect(ran.err).toContain("nothing was removed: not all of the files could be read");
    expect(await ids()).toHaveLength(2);
  });

  test.each([
    [["targets.jsonl", "--prune"], "a folder of .yml files"],
    [["web.yml", "--prune"], "a folder of .yml files"],
    [[".", "--at-most", "3"], "--prune"],
    [["none"], "a folder of .yml files, a .yml file, a .jsonl file, or -"],
  ])("%j is refused", async ([path = "", ...options], expected) => {
    const { dir, put, onStack } = await world();
    await put("web.yml", WEB);
    await put("targets.jsonl", "");
    const ran = await onStack("targets", "import", join(dir, path), ...options);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain(`expected ${expected}`);
  });
});
