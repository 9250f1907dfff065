import { describe, expect, it } from "vitest";
import { noopProbe } from "#adapters/noop-probe.ts";
import { probes } from "#adapters/probes.ts";
import type { ProbeResult } from "#ports/probe.ts";
import { captureAll, serve, settings, task, testProbe, wallClock } from "./http/support.ts";

const noop = { kind: "noop" } as const;
const never = new AbortController().signal;

describe("the noop probe", () => {
  it("gives all results at once, in one array", async () => {
    const batch = [task(noop), task(noop), task(noop)];
    const arrays: (readonly ProbeResult[])[] = [];
    for await (const results of noopProbe(wallClock).capture(batch, never)) arrays.push(results);
    expect(arrays.map((results) => results.map(({ index }) => index))).toEqual([[0, 1, 2]]);
    expect(arrays[0]?.[0]?.capture).toMatchObject({ durationMs: 0, values: {} });
  });

  it("gives no array for an empty batch, and stopped ones after the signal", async () => {
    const probe = noopProbe(wallClock);
    expect(await captureAll(probe, [])).toEqual([]);
    const [capture] = await captureAll(probe, [noop], AbortSignal.abort());
    expect(capture?.failure?.code).toBe("stopped");
  });
});

describe("probes by kind", () => {
  it("capture each target by its own, and number results as in the whole batch", async () => {
    const server = await serve((_, response) => response.end("fine"));
    const all = probes({ http: testProbe(), noop: noopProbe(wallClock) });
    const down = settings("http://127.0.0.1:1/");
    const captures = await captureAll(all, [noop, settings(server.origin), noop, down, noop]);
    expect(captures.map(({ failure }) => failure?.code)).toEqual([
      undefined,
      undefined,
      undefined,
      "connect",
      undefined,
    ]);
    expect(captures[1]?.timings).toHaveProperty("firstByte");
    expect(captures[2]).not.toHaveProperty("timings");
  });

  it("hand a batch of one kind over as it is", () => {
    const given: unknown[] = [];
    const spy = noopProbe(wallClock);
    const http = testProbe();
    const all = probes({
      http,
      noop: {
        ...spy,
        capture: (batch, signal) => {
          given.push(batch);
          return spy.capture(batch, signal);
        },
      },
    });
    const batch = [task(noop), task(noop)];
    all.capture(batch, never);
    expect(given).toEqual([batch]);
    expect(given[0]).toBe(batch);
  });

  it("warm, refresh and close all", async () => {
    const calls: string[] = [];
    const recording = (name: string): ReturnType<typeof noopProbe> => ({
      ...noopProbe(wallClock),
      warm: () => {
        calls.push(`warm ${name}`);
        return Promise.resolve();
      },
      refresh: () => calls.push(`refresh ${name}`),
      close: () => {
        calls.push(`close ${name}`);
        return Promise.resolve();
      },
    });
    const all = probes({ http: recording("http"), noop: recording("noop") });
    await all.warm();
    all.refresh();
    await all.close();
    expect(calls).toEqual([
      "warm http",
      "warm noop",
      "refresh http",
      "refresh noop",
      "close http",
      "close noop",
    ]);
  });
});
