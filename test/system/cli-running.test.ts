/** The command line on a system that runs: its functions, its engine, its samples. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALARM_IDS } from "#domain/alarm/definition.ts";
import { every } from "#domain/cadence.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { startLocalCloud, type LocalCloud } from "#local/cloud.ts";
import { engineMissing } from "#test/support/engine.ts";
import { runCli, type Ran } from "#test/cli/run-cli.ts";

const POLLS_MAX = 300;
const POLL_MS = 100;
/** No round comes while the test runs. */
const FAR_MS = 31 * 86_400_000;

let data: string;
let cloud: LocalCloud;
let server: Server;
let host: string;
const arrivals: string[] = [];

const isSkipped = engineMissing() !== undefined;

beforeAll(async () => {
  if (isSkipped) return;
  server = createServer((request, response) => {
    arrivals.push(request.url ?? "");
    response.writeHead(request.url === "/broken" ? 503 : 200).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server that listens
  data = await mkdtemp(join(tmpdir(), "lamplighter-cli-"));
  cloud = await startLocalCloud({
    data,
    pool: "default",
    source: { kind: "none" },
    policies: { ...POLICIES_DEFAULT, alerting: every(FAR_MS) },
    environment: process.env,
  });
});
afterAll(async () => {
  if (isSkipped) return;
  await cloud.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(data, { recursive: true });
});

const lamplighter = (...words: readonly string[]): Promise<Ran> =>
  runCli(["--data", data, ...words]);

/** Runs a command again until its answer is as wanted. */
async function until(words: readonly string[], wanted: (ran: Ran) => boolean): Promise<Ran> {
  for (let polls = 0; polls < POLLS_MAX; polls += 1) {
    const ran = await lamplighter(...words);
    if (wanted(ran)) return ran;
    await wait(POLL_MS);
  }
  return lamplighter(...words);
}

describe.skipIf(isSkipped)("the command line on a running system", () => {
  test("registers a target that is captured at once, though its next round is far away", async () => {
    const ran = await lamplighter("targets", "add", `http://${host}/ok`, "--policy", "alerting");
    expect(ran.out).toBe(`added ${host}/ok: captured now, then alerting\n`);
    const shown = await until(["targets", "show", `${host}/ok`, "--json"], ({ out }) => out.includes('"state":"up"')); // prettier-ignore
    expect(JSON.parse(shown.out)).toMatchObject({
      state: "up",
      policy: "alerting",
      // What the running system means by the policy, not what this command would.
      cadence: { kind: "every", periodMs: FAR_MS },
    });
    expect(arrivals).toEqual(["/ok"]);
  });

  test("captures on request, and shows the samples", async () => {
    expect((await lamplighter("targets", "capture", `${host}/ok`)).code).toBe(0);
    const read = ["samples", `${host}/ok`, "--json"];
    const { out } = await until(read, (ran) => ran.out.split("\n").length > 2);
    const samples = out.trim().split("\n").map((line): unknown => JSON.parse(line)); // prettier-ignore
    expect(samples).toMatchObject([
      { kind: "sample", ok: true },
      { kind: "sample", ok: true },
    ]);
    expect(arrivals).toEqual(["/ok", "/ok"]);
  });

  test("answers 1 while a target is down, worst first, with the last error", async () => {
    expect((await lamplighter("status")).code).toBe(0);
    await lamplighter("targets", "add", `http://${host}/broken`, "--every", "1h");
    const { code, out } = await until(["status"], (ran) => ran.out.includes("1 down"));
    expect(code).toBe(1);
    const [counts, , first] = out.split("\n");
    expect(counts).toBe("2 targets: 1 up, 1 down, 0 waiting");
    expect(first).toMatch(/\/broken +down .*assertion: status 200-299: found 503/u);
    expect((await lamplighter("status", `${host}/broken`)).code).toBe(1);
    expect((await lamplighter("status", `${host}/ok`)).code).toBe(0);
    expect((await lamplighter("targets", "list", "--down")).out).not.toContain("/ok");
  });

  test("knows the system's alarms: none rings in its first minutes, whoever asks", async () => {
    expect(cloud.alarms().map(({ id }) => id)).toEqual(ALARM_IDS);
    expect((await lamplighter("alarms")).code).toBe(0);
  });

  test("forgets a removed target, and keeps its samples", async () => {
    expect((await lamplighter("targets", "remove", `${host}/broken`)).code).toBe(0);
    expect((await lamplighter("status")).code).toBe(0);
    expect((await lamplighter("samples", `${host}/broken`)).out).toContain("found 503");
  });

  test("shows who captures what, and invokes functions by hand", async () => {
    const { code, out } = await lamplighter("leases", "--json");
    expect(code).toBe(0);
    const slots = out.trim().split("\n").map((line) => Number(/"slots":(\d+)/u.exec(line)?.[1])); // prettier-ignore
    expect(slots.reduce((sum, each) => sum + each, 0)).toBe(64);
    const checked = await lamplighter("invoke", "health-check");
    expect(checked.code).toBe(0);
    expect(JSON.parse(checked.out)).toMatchObject({ kind: "checked" });
    const accepted = await lamplighter("invoke", "health-check", "--async");
    expect(accepted).toEqual({ code: 0, out: "", err: "health-check accepted\n" });
    const refused = await lamplighter("invoke", "collect");
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toContain("InvalidInputError: event pool: found nothing");
    expect(refused.err).toContain("no --event was given: examples/events/collect.json");
    expect((await lamplighter("--pool", "other", "leases")).err).toContain('expected "default"');
  });
});
