import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataPaths } from "#local/paths.ts";
import { survivingEngines } from "#local/engine-process.ts";
import { engineMissing } from "#test/support/engine.ts";
import { runCli, type Ran } from "./run-cli.ts";

let data: string;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "lamplighter-stopped-"));
});
afterAll(() => rm(data, { recursive: true }));

const lamplighter = (...words: readonly string[]): Promise<Ran> =>
  runCli(["--data", data, ...words]);

describe.skipIf(engineMissing() !== undefined)("commands on a system that isn't running", () => {
  test("say how to start one where none has ever run, and start nothing", async () => {
    const ran = await lamplighter("status");
    expect(ran).toMatchObject({ code: 3, out: "" });
    expect(ran.err).toContain("start it with `npm start`");
    const invoked = await lamplighter("invoke", "health-check");
    expect(invoked.code).toBe(3);
  });

  test("register, list, show, ask for and remove targets, and leave no engine behind", async () => {
    const added = await lamplighter("targets", "add", "http://127.0.0.1:9/#a", "--every", "5s", "--tag", "team=web"); // prettier-ignore
    expect(added).toEqual({
      code: 0,
      out: "added 127.0.0.1:9/#a: captured when the system's functions run, then every 5s\n",
      err: "",
    });
    const lines = [
      '{"url":"http://127.0.0.1:9/#b","cadence":"every 60s"}',
      '{"url":"http://127.0.0.1:9/#c","cadense":"every 60s"}',
    ];
    const file = join(data, "targets.jsonl");
    await writeFile(file, lines.join("\n"));
    const imported = await lamplighter("targets", "import", file);
    expect(imported).toMatchObject({ code: 1, out: "1 added, 0 changed, 0 unchanged\n" });
    expect(imported.err).toContain("targets.jsonl:2:");
    const again = await lamplighter("targets", "import", file, "--json");
    expect(JSON.parse(again.out)).toMatchObject({ added: 0, unchanged: 1, badLines: 1 });

    const listed = await lamplighter("targets", "list", "--tag", "team=web", "--json");
    expect(JSON.parse(listed.out)).toMatchObject({ id: "127.0.0.1:9/#a", state: "waiting" });

    const shown = await lamplighter("targets", "show", "127.0.0.1:9/#a");
    expect(shown.out).toContain("  time-out    3s250ms, not 10s: rounds must not overlap\n");
    expect(shown.out).toMatch(/^ {2}next {8}\d{4}-.*Z \((?:in [1-5]s|now)\)$/mu);

    const asked = await lamplighter("targets", "capture", "127.0.0.1:9/#a", "nope");
    expect(asked.code).toBe(1);
    expect(asked.err).toBe("no target has the id nope\n");

    const status = await lamplighter("status");
    expect(status.code).toBe(0);
    expect(status.out).toContain("2 targets: 0 up, 0 down, 2 waiting  (no functions run");

    const leases = await lamplighter("leases", "--json");
    expect(leases.out.trim().split("\n").map((line): unknown => JSON.parse(line))).toMatchObject([
      { lease: "0001", owned: false, slots: 32 },
      { lease: "0002", owned: false, slots: 32 },
    ]); // prettier-ignore

    const removed = await lamplighter("targets", "remove", "127.0.0.1:9/#a");
    expect(removed).toMatchObject({ code: 0, out: "1 removed\n" });
    expect((await lamplighter("targets", "show", "127.0.0.1:9/#a")).code).toBe(1);
    expect(await survivingEngines(dataPaths(data))).toEqual([]);
  });

  test("refuse a pool that isn't there, and what a file would be refused for", async () => {
    const ran = await lamplighter("leases", "--pool", "other");
    expect(ran).toMatchObject({ code: 2 });
    expect(ran.err).toContain('--pool: found "other", expected a pool that exists');
    const secret = await lamplighter("targets", "add", "http://x.example/", "--header", "authorization=Bearer abcdefghijklmnop1234"); // prettier-ignore
    expect(secret.code).toBe(2);
    expect(secret.err).toContain("$ref");
    expect(secret.err).not.toContain("abcdefghijklmnop1234");
  });
});
