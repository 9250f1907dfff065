/** `lamplighter invoke --endpoint`: whoever speaks like Lambda's Invoke API, by either kind of name. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { InvalidInputError } from "#domain/errors.ts";
import { startStubAws, type StubAws } from "#test/support/stub-aws.ts";
import { runCli, type Ran } from "./run-cli.ts";

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

  test.each([
    ["collect", "examples/events/collect.json"],
    ["health-check", "examples/events/health-check.json"],
  ])("says how %s gets the event that it misses, where none was given", async (name, example) => {
    server.functions = undefined;
    server.onInvoke = () => {
      throw new InvalidInputError({ where: "event pool", found: "nothing", expected: "a string" });
    };
    const words = ["invoke", name, "--endpoint", server.endpoint];
    const missed = `${name} failed: InvalidInputError: event pool: found nothing, expected a string\n`;
    const ran = await runCli(words);
    expect(ran).toEqual({ code: 1, out: "", err: `${missed}no --event was given: ${example} is an example\n` }); // prettier-ignore
    const given = await runCli([...words, "--event", "-"], { stdin: "{}" });
    expect(given).toEqual({ code: 1, out: "", err: missed });
    server.onInvoke = () => {
      throw new InvalidInputError({ where: "environment X", found: "nothing", expected: "a string" }); // prettier-ignore
    };
    expect((await runCli(words)).err).not.toContain("--event");
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

describe("an answer that is late", () => {
  beforeEach(() => {
    server.functions = undefined;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Invokes a function that takes this long. */
  function taking(ms: number, ...words: readonly string[]): Promise<Ran> {
    server.onInvoke = () => {
      vi.advanceTimersByTime(ms);
      return {};
    };
    return runCli(["invoke", ...words, "--endpoint", server.endpoint]);
  }

  test.each([
    ["collect", "15 minutes"],
    ["rebalance", "3 minutes"],
    ["HealthCheck", "1 minute"],
  ])("has it said once how long %s may take: %s", async (name, atMost) => {
    const { code, out, err } = await taking(10_000, name);
    expect({ code, out }).toEqual({ code: 0, out: "{}\n" });
    expect(err).toMatch(
      /^(?:collect|rebalance|health-check) runs for as long as it has work, [^\n]+\n$/u,
    );
    expect(err).toContain(
      `, ${atMost} at most; --async starts it without waiting, Ctrl-C stops waiting\n`,
    );
  });

  test("is not announced while it is early, nor where nobody waits for it", async () => {
    expect(await taking(2_900, "collect")).toEqual({ code: 0, out: "{}\n", err: "" });
    expect(await taking(10_000, "collect", "--async")).toEqual({ code: 0, out: "", err: "collect accepted\n" }); // prettier-ignore
    expect(vi.getTimerCount()).toBe(0);
  });
});
