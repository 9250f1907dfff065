/** `lamplighter invoke --endpoint`: whoever speaks like Lambda's Invoke API, by either kind of name. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startStubAws, type StubAws } from "#test/support/stub-aws.ts";
import { runCli } from "./run-cli.ts";

let server: StubAws;
let folder: string;

beforeAll(async () => {
  server = await startStubAws();
  folder = await mkdtemp(join(tmpdir(), "lamplighter-invoke-"));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  server.invocations.splice(0);
  server.onInvoke = ({ event }) => ({ got: event });
});

describe("invoke --endpoint", () => {
  test.each(["collect", "Collect"])("takes %s, and finds the template's function", async (name) => {
    server.functions = ["Rebalance", "Collect", "HealthCheck"];
    const event = join(folder, "event.json");
    await writeFile(event, '{"pool":"default","lease":"0001"}');
    const ran = await runCli(["invoke", name, "--endpoint", server.endpoint, "--event", event]);
    expect(ran).toEqual({ code: 0, out: '{"got":{"pool":"default","lease":"0001"}}\n', err: "" });
    expect(server.invocations.map(({ functionName }) => functionName)).toEqual(["Collect"]);
  });

  test("finds a function that goes by its own name there, and runs it once", async () => {
    server.functions = ["rebalance", "collect", "health-check"];
    const ran = await runCli(["invoke", "HealthCheck", "--endpoint", server.endpoint]);
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(server.invocations.map(({ functionName }) => functionName)).toEqual(["health-check"]);
  });

  test("says what it looked for where there is neither", async () => {
    server.functions = ["Hello"];
    const ran = await runCli(["invoke", "health-check", "--endpoint", server.endpoint]);
    expect(ran.code).toBe(3);
    expect(ran.err).toContain(`no function at ${server.endpoint} is called HealthCheck or health-check`); // prettier-ignore
    expect(ran.err).not.toContain("trying again");
  });

  test("tells of a function that failed", async () => {
    server.functions = undefined;
    server.onInvoke = () => {
      throw new Error("no such lease");
    };
    const ran = await runCli(["invoke", "Collect", "--endpoint", server.endpoint]);
    expect(ran).toEqual({ code: 1, out: "", err: "collect failed: Error: no such lease\n" });
  });

  test("and --stack are two places", async () => {
    const ran = await runCli(["invoke", "Collect", "--endpoint", server.endpoint, "--stack", "X"]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("found both --endpoint and --stack, expected one of them");
  });

  test.each(["-", "event.json"])(
    "takes no event from %s that Lambda would refuse",
    async (where) => {
      server.functions = ["Collect"];
      const large = JSON.stringify("x".repeat(6 * 1024 * 1024));
      const file = where === "-" ? where : join(folder, where);
      if (where !== "-") await writeFile(file, large);
      const words = ["invoke", "Collect", "--endpoint", server.endpoint, "--event", file];
      const ran = await runCli(words, { stdin: large });
      expect(ran.code).toBe(2);
      expect(ran.err).toContain(
        "found more than 6 MB, expected an event as JSON, as large as Lambda takes",
      );
      expect(server.invocations).toEqual([]);
    },
  );

  test("is a URL", async () => {
    const ran = await runCli(["invoke", "Collect", "--endpoint", "3001"]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('Found "3001", expected an http or https URL');
  });
});
