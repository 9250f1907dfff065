import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { durationMs } from "#domain/units.ts";
import {
  captureAll,
  captureOne,
  serve,
  serveRaw,
  settings,
  task,
  testProbe,
  type TestServer,
} from "./support.ts";

/** Sockets of this process, in truth. */
function descriptors(): number {
  const names = readdirSync("/proc/self/fd");
  return names.filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;
}

function answering(afterMs = 0): Promise<TestServer> {
  return serve((_, response) => {
    if (afterMs === 0) response.end("ok");
    else setTimeout(() => response.end("ok"), afterMs);
  });
}

/** A server in a process of its own. */
async function serveElsewhere(): Promise<string> {
  const script = `
    const server = require("node:http").createServer((_, response) =>
      setTimeout(() => response.end("ok"), 5));
    server.listen(0, "127.0.0.1", () => process.send(server.address().port));`;
  const child = spawn(process.execPath, ["-e", script], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  onTestFinished(async () => {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  });
  const [port] = (await once(child, "message")) as [number];
  return `http://127.0.0.1:${port}`;
}

const times = (count: number, url: string): ReturnType<typeof settings>[] =>
  Array.from({ length: count }, () => settings(url));

describe("connections", () => {
  it("are as many as captures at once, and are used again", async () => {
    const server = await answering(20);
    const probe = testProbe();
    await captureAll(probe, times(10, server.origin));
    await captureAll(probe, times(10, server.origin));
    expect(server.accepted()).toBe(10);
    expect(probe.stats()).toEqual({ open: 10, idle: 10, hosts: 1 });
  });

  it("never exceed the budget of sockets, closing ones included, and all captures are done", async () => {
    // Elsewhere, so that the sockets of this process are the probe's.
    const origins = await Promise.all([serveElsewhere(), serveElsewhere(), serveElsewhere()]);
    const probe = testProbe({ socketsMax: 8 });
    const before = descriptors();
    const targets = Array.from({ length: 150 }, (_, index) =>
      settings(`${origins[index % 3] ?? ""}/${index}`),
    );
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, descriptors() - before)), 1);
    const captures = await captureAll(probe, targets);
    clearInterval(watch);
    expect(captures.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(most).toBe(8);
  });

  it("are 800 at most by default, though a thousand captures wait", async () => {
    const held: (() => void)[] = [];
    const server = await serve((_, response) => {
      held.push(() => response.end("ok"));
      if (held.length === 800) for (const release of held) release();
      else if (held.length > 800) response.end("ok");
    });
    const probe = testProbe();
    const captures = await captureAll(
      probe,
      Array.from({ length: 1_000 }, () =>
        settings(server.origin, { timeoutMs: durationMs(25_000) }),
      ),
    );
    expect(captures.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(server.peak()).toBe(800);
  });

  it("that idle give way to other hosts, the least recently used first", async () => {
    const servers = await Promise.all([answering(), answering(), answering()]);
    const [first = "", second = "", third = ""] = servers.map(({ origin }) => origin);
    const probe = testProbe({ socketsMax: 2 });
    for (const origin of [first, second, first, third, first]) await captureOne(probe, origin);
    expect(servers.map((server) => server.accepted())).toEqual([1, 1, 1]);
    await captureOne(probe, second);
    expect(servers.map((server) => server.accepted())).toEqual([1, 2, 1]);
  });

  it("go round among hosts that wait, so that a busy one starves none", async () => {
    const busy = await answering(2);
    const quiet = await answering(2);
    const probe = testProbe({ socketsMax: 1 });
    const order: string[] = [];
    const wait = async (url: string, count: number): Promise<void> => {
      const tasks = Array.from({ length: count }, () => task(settings(url)));
      for await (const results of probe.capture(tasks, new AbortController().signal)) {
        for (const _ of results) order.push(url);
      }
    };
    await Promise.all([wait(busy.origin, 30), wait(quiet.origin, 1), wait(busy.origin, 30)]);
    expect(order).toHaveLength(61);
    expect(order.indexOf(quiet.origin)).toBeLessThanOrEqual(32);
  });

  it("that the server ended while they were idle are replaced unseen", async () => {
    const server = await answering();
    const probe = testProbe();
    await captureOne(probe, server.origin);
    server.hangUp();
    expect((await captureOne(probe, server.origin)).failure).toBeUndefined();
    expect(server.accepted()).toBe(2);
  });

  it("that turn out stale when used are replaced once, for requests that may be repeated", async () => {
    let requests = 0;
    // Answers the first request of each connection, and resets at the second.
    const server = await serveRaw((socket) => {
      let served = 0;
      socket.on("data", () => {
        requests += 1;
        served += 1;
        if (served === 1) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        else socket.resetAndDestroy();
      });
    });
    const probe = testProbe();
    await captureOne(probe, server.origin);
    const second = await captureOne(probe, server.origin);
    expect(second.failure).toBeUndefined();
    expect(second.timings).toHaveProperty("connect");
    expect(requests).toBe(3);
  });

  it("are new for requests that may not be repeated, and not kept", async () => {
    const server = await answering();
    const probe = testProbe();
    await captureOne(probe, server.origin);
    await captureOne(probe, server.origin, { method: "POST", body: "x" });
    await captureOne(probe, server.origin, { method: "POST", body: "x" });
    expect(server.accepted()).toBe(3);
    await expect.poll(() => probe.stats().open).toBe(1);
  });

  it("that fail when new are not tried again", async () => {
    const server = await serveRaw((socket) => socket.once("data", () => socket.resetAndDestroy()));
    expect((await captureOne(testProbe(), server.origin)).failure?.code).toBe("reset");
    expect(server.accepted()).toBe(1);
  });

  it("are not kept when the server says close", async () => {
    const server = await serve((_, response) => response.setHeader("connection", "close").end());
    const probe = testProbe();
    await captureAll(probe, times(3, server.origin));
    await captureAll(probe, times(3, server.origin));
    expect(server.accepted()).toBe(6);
    await expect.poll(() => probe.stats()).toEqual({ open: 0, idle: 0, hosts: 0 });
  });

  it("are dropped by refresh, busy ones when they are given back", async () => {
    const server = await answering(50);
    const probe = testProbe();
    await captureOne(probe, server.origin);
    const busy = captureOne(probe, server.origin);
    probe.refresh();
    expect((await busy).failure).toBeUndefined();
    await expect.poll(() => probe.stats().open).toBe(0);
    expect((await captureOne(probe, server.origin)).failure).toBeUndefined();
  });

  it("leave no trace of hosts that are no longer captured", async () => {
    // Without the header that names a time, as Node's own server would send.
    const server = await serveRaw((socket) => {
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    });
    const probe = testProbe({ keepAliveMs: 20 });
    await captureOne(probe, server.origin);
    await expect.poll(() => probe.stats()).toEqual({ open: 0, idle: 0, hosts: 0 });
  });
});

describe("a host that is neither loopback nor private", () => {
  // A name is taken for a foreign host until it is connected; through a proxy, for good.
  const viaProxy = async (): Promise<{
    proxy: string;
    running: () => number;
    starts: number[];
  }> => {
    let open = 0;
    let most = 0;
    const starts: number[] = [];
    const server = await serve((_, response) => {
      starts.push(performance.now());
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        response.end("ok");
      }, 10);
    });
    return { proxy: server.origin, running: () => most, starts };
  };

  it("gets at most so many requests at once", async () => {
    const { proxy, running } = await viaProxy();
    const probe = testProbe({ perHostMax: 3 });
    const targets = Array.from({ length: 20 }, () => settings("http://foreign.test/", { proxy }));
    const captures = await captureAll(probe, targets);
    expect(captures.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(running()).toBe(3);
  });

  it("gets them with the gap that is asked for", async () => {
    const { proxy, starts } = await viaProxy();
    const probe = testProbe({ perHostGapMs: 30 });
    await captureAll(
      probe,
      Array.from({ length: 4 }, () => settings("http://foreign.test/", { proxy })),
    );
    const whole = (starts.at(-1) ?? 0) - (starts[0] ?? 0);
    // Timers may fire a millisecond early; three gaps lie between four starts.
    expect(whole).toBeGreaterThan(80);
    await expect.poll(() => probe.stats().hosts).toBe(1);
  });

  it("counts the time in line for no capture's duration", async () => {
    const { proxy } = await viaProxy();
    const probe = testProbe({ perHostMax: 1 });
    const captures = await captureAll(
      probe,
      Array.from({ length: 80 }, () =>
        settings("http://foreign.test/", { proxy, timeoutMs: durationMs(750) }),
      ),
    );
    expect(captures.filter(({ failure }) => failure !== undefined)).toEqual([]);
  });

  it("has no limits once its name turns out to be private", async () => {
    const server = await answering(30);
    const lookup = (): Promise<{ address: string; family: number }[]> =>
      Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
    const probe = testProbe({ perHostMax: 1, lookup });
    await captureAll(probe, times(6, `http://inside.test:${server.port}/`));
    expect(server.peak()).toBe(6);
  });
});

describe("stopping", () => {
  it("ends what runs and what waits, each with a result", async () => {
    const server = await serve(() => undefined);
    const probe = testProbe({ socketsMax: 2 });
    const stop = new AbortController();
    const captures = captureAll(probe, times(5, server.origin), stop.signal);
    await expect.poll(() => server.accepted()).toBe(2);
    stop.abort();
    expect((await captures).map(({ failure }) => failure?.code)).toEqual(Array(5).fill("stopped"));
    await expect.poll(() => probe.stats().open).toBe(0);
    const late = await captureAll(probe, times(1, server.origin), stop.signal);
    expect(late[0]?.failure?.code).toBe("stopped");
    expect(server.accepted()).toBe(2);
  });

  it("by closing the probe closes every socket", async () => {
    const server = await serve(() => undefined);
    const probe = testProbe();
    const captures = captureAll(probe, times(3, server.origin));
    await expect.poll(() => server.accepted()).toBe(3);
    await probe.close();
    expect(probe.stats()).toEqual({ open: 0, idle: 0, hosts: 0 });
    expect((await captures).map(({ failure }) => failure?.code)).toEqual(Array(3).fill("stopped"));
  });

  it("by leaving the results early stops the rest", async () => {
    const server = await serve(({ url }, response) => {
      if (url === "/quick") response.end();
    });
    const probe = testProbe();
    const tasks = ["/quick", "/never"].map((path) => task(settings(`${server.origin}${path}`)));
    for await (const results of probe.capture(tasks, new AbortController().signal)) {
      expect(results).toHaveLength(1);
      break;
    }
    await expect.poll(() => probe.stats()).toEqual({ open: 1, idle: 1, hosts: 1 });
  });

  it("an empty batch has no results", async () => {
    expect(await captureAll(testProbe(), [])).toEqual([]);
  });
});
