/** Functions in processes of their own: real ones, killed, frozen and thawed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { durationMs } from "#domain/units.ts";
import type { CloudEvent } from "#local/events.ts";
import { becomes } from "#local/engine-process.ts";
import { findProcess } from "#local/process-identity.ts";
import { testInvoker, testManifest, type TestInvoker } from "#test/support/local-invoker.ts";

const WITHIN_MS = 30_000;

let open: TestInvoker | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

function started(options: Parameters<typeof testInvoker>[0] = {}): TestInvoker {
  open = testInvoker(options);
  return open;
}

/** One letter: R, S, T (stopped) … */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
}

function ended(events: readonly CloudEvent[]): Extract<CloudEvent, { kind: "invocation-ended" }>[] {
  return events.filter((event) => event.kind === "invocation-ended");
}

const echo = JSON.stringify({ do: "echo", value: 7 });
const asked = (what: string): string => JSON.stringify({ do: what });

describe("a function's process", () => {
  it("answers with the handler's result, and carries the function's name in its command line", async () => {
    const { invoker } = started();
    const outcome = await invoker.invoke("collect", echo);
    expect(outcome?.kind).toBe("succeeded");
    expect(JSON.parse(outcome?.payload ?? "")).toMatchObject({ value: 7, name: "collect" });
    const [process] = invoker.processes();
    const line = readFileSync(`/proc/${process?.pid ?? 0}/cmdline`, "utf8").split("\0");
    expect(line).toContain("collect");
  });

  it("is frozen between invocations and thawed for the next, with what it keeps in memory", async () => {
    const { invoker, events } = started();
    await invoker.invoke("collect", asked("count"));
    const [frozen] = invoker.processes();
    const pid = frozen?.pid ?? 0;
    expect(await becomes(() => stateOf(pid) === "T", WITHIN_MS)).toBe(true);
    const second = await invoker.invoke("collect", asked("count"));
    expect(second?.payload).toBe("2");
    expect(invoker.processes().map((process) => process.pid)).toEqual([pid]);
    expect(events.filter((event) => event.kind === "process" && event.state === "thawed")).toHaveLength(1); // prettier-ignore
  });

  it("runs two invocations at once in two processes", async () => {
    const { invoker } = started();
    const outcomes = await Promise.all([
      invoker.invoke("collect", echo),
      invoker.invoke("collect", echo),
    ]);
    expect(outcomes.map((outcome) => outcome?.kind)).toEqual(["succeeded", "succeeded"]);
    expect(invoker.processes()).toHaveLength(2);
  });

  it("has the descriptors and the memory of a deployed one, and none of the person's environment", async () => {
    const { invoker } = started({
      environment: () => ({ LAMPLIGHTER_SECRET_A: "x", PATH: "/usr/bin:/bin" }),
    });
    const outcome = await invoker.invoke("collect", asked("limits"));
    expect(JSON.parse(outcome?.payload ?? "")).toEqual({
      descriptors: "1024",
      flags: ["--max-old-space-size=230", "--disable-warning=ExperimentalWarning"],
      secrets: ["LAMPLIGHTER_SECRET_A"],
      home: null,
    });
  });

  it("is killed at its time-out, and the next invocation gets another one", async () => {
    const manifest = testManifest({ collect: { timeoutMs: durationMs(300) } });
    const { invoker } = started({ manifest });
    const outcome = await invoker.invoke("collect", asked("hang"));
    expect(outcome).toMatchObject({ kind: "timed-out", error: "timed out after 300 ms" });
    expect(JSON.parse(outcome?.payload ?? "")).toMatchObject({ errorType: "Sandbox.Timedout" });
    expect((await invoker.invoke("collect", asked("count")))?.payload).toBe("1");
  });

  it("is killed when it holds more memory than the function has, and that is said", async () => {
    const { invoker } = started();
    const outcome = await invoker.invoke("collect", asked("grow"));
    expect(outcome?.kind).toBe("killed");
    expect(outcome?.error).toContain("out of memory: limit 256 MB");
  });

  it("that ends by a signal fails its invocation", async () => {
    const { invoker } = started();
    const outcome = await invoker.invoke("collect", asked("crash"));
    expect(outcome).toMatchObject({ kind: "killed" });
    expect(outcome?.error).toContain("SIGKILL");
  });

  it("whose handler can't be loaded fails, and says why", async () => {
    const manifest = testManifest({ collect: { folder: "test/local/nowhere" } });
    const { invoker } = started({ manifest });
    const outcome = await invoker.invoke("collect", echo);
    expect(outcome?.error).toContain("Cannot find module");
  });

  it("writes what the function logs into the function's file", async () => {
    const { invoker, folder, waitFor } = started();
    await invoker.invoke("collect", echo);
    await waitFor((event) => event.kind === "function-log");
    const [line = ""] = readFileSync(join(folder, "logs", "collect.log"), "utf8").split("\n");
    expect(JSON.parse(line)).toMatchObject({ level: "info", event: "echo" });
  });

  it("is ended when nobody needed it for long", async () => {
    const { invoker, waitFor } = started({ idleMaxMs: 1 });
    await invoker.invoke("collect", echo);
    const gone = await waitFor((event) => event.kind === "process" && event.state === "ended");
    expect(gone).toMatchObject({ why: "idle for long" });
    expect(invoker.processes()).toEqual([]);
  });

  it("of another function makes room when no more may be started", async () => {
    const { invoker } = started({ processesMax: 1 });
    await invoker.invoke("collect", echo);
    expect((await invoker.invoke("rebalance", echo))?.kind).toBe("succeeded");
    expect(invoker.processes().filter(({ state }) => state !== "ended")).toMatchObject([{ name: "rebalance" }]); // prettier-ignore
  });
});

describe("an asynchronous invocation", () => {
  it("that fails is repeated twice, then dropped with the reason", async () => {
    const { invoker, events, waitFor } = started();
    invoker.invokeAsync("collect", asked("fail"));
    const dropped = await waitFor((event) => event.kind === "invocation-dropped");
    expect(dropped).toMatchObject({ why: "failed 3 times: RangeError: failed on purpose" });
    expect(ended(events).map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, "failed"],
      [2, "failed"],
      [3, "failed"],
    ]);
  });

  it("whose process is killed from outside runs again in another one", async () => {
    const { invoker, events, waitFor } = started();
    invoker.invokeAsync("collect", asked("hang"));
    const first = await waitFor((event) => event.kind === "invocation-started");
    if (first.kind === "invocation-started") process.kill(first.pid, "SIGKILL");
    await waitFor((event) => event.kind === "invocation-started" && event.attempt === 2);
    expect(ended(events)).toMatchObject([{ attempt: 1, outcome: "killed" }]);
  });

  it("of a function without retries runs once", async () => {
    const { invoker, events, waitFor } = started();
    invoker.invokeAsync("rebalance", asked("fail"));
    const dropped = await waitFor((event) => event.kind === "invocation-dropped");
    const why = "failed once, and is not repeated: RangeError: failed on purpose";
    expect(dropped).toMatchObject({ name: "rebalance", why });
    expect(await invoker.invoke("rebalance", asked("count"))).toMatchObject({ payload: "2" });
    expect(ended(events).map(({ attempt }) => attempt)).toEqual([1, 1]);
  });

  it("arrives twice with one name when that is switched on", async () => {
    const { invoker, events, waitFor } = started({ duplicateDeliveries: 1 });
    invoker.invokeAsync("collect", echo);
    await waitFor(() => ended(events).length === 2);
    const names = ended(events).map(({ requestId }) => requestId);
    expect(new Set(names).size).toBe(1);
  });
});

describe("stopping", () => {
  it("asks handlers to let go, waits for them and leaves nothing running", async () => {
    const { invoker, waitFor } = started();
    invoker.invokeAsync("collect", asked("wait-for-stop"));
    await waitFor((event) => event.kind === "invocation-started");
    await invoker.invoke("rebalance", echo);
    const pids = invoker.processes().map(({ pid }) => pid);
    expect(await invoker.drain(WITHIN_MS)).toEqual({ cut: 0, abandoned: 3 });
    expect(pids.map(findProcess)).toEqual([undefined, undefined]);
    expect(invoker.invokeAsync("collect", echo)).toEqual({ kind: "throttled" });
  });

  it("kills who doesn't let go in time", async () => {
    const { invoker, waitFor } = started();
    invoker.invokeAsync("collect", asked("hang"));
    await waitFor((event) => event.kind === "invocation-started");
    const [process] = invoker.processes();
    expect(await invoker.drain(100)).toMatchObject({ cut: 1 });
    expect(findProcess(process?.pid ?? 0)).toBeUndefined();
  });
});
