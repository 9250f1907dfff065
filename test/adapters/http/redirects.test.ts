import { connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { DependencyError } from "#domain/errors.ts";
import { durationMs } from "#domain/units.ts";
import type { SecretResult } from "#ports/secrets.ts";
import {
  captureOne,
  certificate,
  secretsOf,
  serve,
  serveRaw,
  serveTls,
  settings,
  testProbe,
  type TestServer,
} from "./support.ts";

const TOKEN = "env:LAMPLIGHTER_SECRET_TOKEN";
const secrets = secretsOf({ [TOKEN]: "s3cret/+token", "env:LAMPLIGHTER_SECRET_P": "pa55" });

/** Tells as JSON what it got. */
function mirror(): Promise<TestServer> {
  return serve((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () =>
      response.end(JSON.stringify({ method: request.method, body, headers: request.headers })),
    );
  });
}

function leadingTo(location: string, status = 302): Promise<TestServer> {
  return serve((_, response) => response.writeHead(status, { location }).end());
}

describe("a redirect", () => {
  it.each([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [307, "POST", "POST", "hello"],
    [308, "PUT", "PUT", "hello"],
    [301, "GET", "GET", ""],
    [303, "HEAD", "HEAD", undefined],
  ])("%i of %s is followed with %s", async (status, method, then, body) => {
    const end = await mirror();
    const start = await leadingTo(`${end.origin}/end`, status);
    const keep = then === "HEAD" ? [] : ["method", "body", 'headers["content-type"]'];
    const { values, failure } = await captureOne(testProbe(), start.origin, {
      method,
      ...(method === "POST" || method === "PUT" ? { body: "hello" } : {}),
      headers: { "content-type": "text/plain" },
      keep,
    });
    expect(failure).toBeUndefined();
    if (body === undefined) return;
    const type = then === method ? { 'headers["content-type"]': "text/plain" } : {};
    expect(values).toEqual({ method: then, body, ...type });
  });

  it("may be relative, and its body is not waited for beyond reason", async () => {
    const server = await serve(({ url }, response) => {
      if (url === "/end") response.end("fine");
      else response.writeHead(302, { location: "../end" }).end(Buffer.alloc(500_000));
    });
    const capture = await captureOne(testProbe({ bodyBytesMax: 100_000 }), `${server.origin}/a/b`);
    expect(capture.failure).toBeUndefined();
  });

  it("is followed only so often, and not at all when told so", async () => {
    const server = await serve(({ url = "" }, response) => {
      response.writeHead(302, { location: `${url}x?token=t` }).end();
    });
    const probe = testProbe();
    expect((await captureOne(probe, server.origin, { redirectsMax: 3 })).failure).toEqual({
      code: "redirects",
      message: `more than 3 redirects, the last from ${server.origin}/x`,
    });
    const status = await captureOne(probe, server.origin, { redirectsMax: 0 });
    expect(status.failure?.message).toBe("status 200-299: found 302");
  });

  it.each(["ftp://127.0.0.1/", "http://", "javascript:alert(1)"])(
    "to %s leads nowhere",
    async (location) => {
      const server = await leadingTo(location);
      expect((await captureOne(testProbe(), server.origin)).failure?.code).toBe("redirects");
    },
  );

  it("without a place is an answer", async () => {
    const server = await serve((_, response) => response.writeHead(302).end());
    const { failure } = await captureOne(testProbe(), server.origin);
    expect(failure?.message).toBe("status 200-299: found 302");
  });
});

describe("a secret", () => {
  const bearer = { kind: "bearer", token: { $ref: TOKEN } } as const;
  const seen = ["headers.authorization", "headers.cookie", 'headers["x-key"]'];

  it("is sent to the target's own host and shown nowhere", async () => {
    let got: string | undefined;
    const server = await serve((request, response) => {
      got = request.headers.authorization;
      response.setHeader("x-echo", got ?? "");
      response.end(JSON.stringify({ echo: got, url: encodeURIComponent("s3cret/+token") }));
    });
    const probe = testProbe({ secrets });
    const report = await probe.captureVerbose({
      probe: settings(server.origin, {
        auth: bearer,
        keep: ["echo", "url"],
        assertions: [
          { kind: "json", path: "echo", op: "==", value: "x" },
          { kind: "header", name: "x-echo", op: "==", value: "x" },
        ],
      }),
    });
    expect(got).toBe("Bearer s3cret/+token");
    expect(report.capture.values).toEqual({ echo: "Bearer [secret]", url: "[secret]" });
    expect(JSON.stringify(report)).not.toContain("s3cret");
  });

  it("and credentials are dropped on the way to another host, and kept on the own", async () => {
    const end = await mirror();
    const start = await serve(({ url }, response) => {
      if (url === "/") response.writeHead(302, { location: "/again" }).end();
      else response.writeHead(302, { location: end.origin }).end();
    });
    const headers = { Cookie: "id=1", "X-Key": { $ref: TOKEN }, "X-Plain": "p" };
    const { values } = await captureOne(testProbe({ secrets }), start.origin, {
      auth: bearer,
      headers,
      keep: [...seen, 'headers["x-plain"]'],
    });
    expect(values).toEqual({ 'headers["x-plain"]': "p" });
    const own = await captureOne(testProbe({ secrets }), end.origin, {
      auth: bearer,
      headers,
      keep: seen,
    });
    expect(own.values).toEqual({
      "headers.authorization": "Bearer [secret]",
      "headers.cookie": "id=1",
      'headers["x-key"]': "[secret]",
    });
  });

  it("goes along to hosts that it is bound to", async () => {
    const end = await mirror();
    const start = await leadingTo(end.origin);
    const hosts = [`127.0.0.1:${start.port}`, `127.0.0.1:${end.port}`];
    const { values } = await captureOne(testProbe({ secrets }), start.origin, {
      headers: { "X-Key": { $ref: TOKEN, hosts } },
      keep: seen,
    });
    expect(values).toEqual({ 'headers["x-key"]': "[secret]" });
  });

  it("never goes from https down to http, whatever it is bound to", async () => {
    const end = await mirror();
    const start = await serveTls("good", (_, response) => {
      response.writeHead(302, { location: end.origin }).end();
    });
    const { values, failure } = await captureOne(testProbe({ secrets }), start.origin, {
      ca: certificate("good"),
      headers: { "X-Key": { $ref: TOKEN, hosts: ["127.0.0.1"] } },
      keep: ["headers.host", ...seen],
    });
    expect(failure).toBeUndefined();
    expect(values).toEqual({ "headers.host": `127.0.0.1:${end.port}` });
  });

  it("that is the body stops a redirect that would show it elsewhere", async () => {
    const end = await mirror();
    const start = await leadingTo(end.origin, 307);
    const { failure } = await captureOne(testProbe({ secrets }), start.origin, {
      method: "POST",
      body: { $ref: TOKEN },
    });
    expect(failure?.code).toBe("redirects");
    expect(end.accepted()).toBe(0);
  });

  it("that is missing, or bound to others, is a failure without a request", async () => {
    const server = await mirror();
    const probe = testProbe({ secrets });
    const missing = await captureOne(probe, server.origin, { headers: { a: { $ref: "env:X" } } });
    expect(missing.failure).toEqual({ code: "secret", message: "env:X is not set" });
    const other = await captureOne(probe, server.origin, {
      headers: { a: { $ref: TOKEN, hosts: ["example.com"] } },
    });
    expect(other.failure).toEqual({
      code: "secret",
      message: `${TOKEN} may be sent to example.com only`,
    });
    const broken = testProbe({ secrets: { find: () => Promise.reject(new Error("s3cret")) } });
    expect((await captureOne(broken, server.origin, { auth: bearer })).failure).toEqual({
      code: "secret",
      message: `${TOKEN} can't be looked up now`,
    });
    const why = new DependencyError("ssm:/x can't be looked up now: Throttled", {
      retryable: true,
    });
    const throttled = testProbe({ secrets: { find: () => Promise.reject(why) } });
    expect((await captureOne(throttled, server.origin, { auth: bearer })).failure).toEqual({
      code: "secret",
      message: "ssm:/x can't be looked up now: Throttled",
    });
    expect(server.accepted()).toBe(0);
  });

  it("takes its time to be looked up from the capture's own", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    const server = await serve(() => undefined);
    let found = (): void => undefined;
    const find = (): Promise<SecretResult> =>
      new Promise((resolve) => {
        found = () => resolve({ kind: "found", value: "x" });
      });
    const probe = testProbe({ secrets: { find } });
    const more = { auth: bearer, timeoutMs: durationMs(1_000) };

    const never = captureOne(probe, server.origin, more);
    vi.advanceTimersByTime(1_020);
    expect((await never).failure).toEqual({
      code: "secret",
      message: "not done after 1s: looking up its secrets",
    });
    expect(server.accepted()).toBe(0);

    const late = captureOne(probe, server.origin, more);
    vi.advanceTimersByTime(900);
    found();
    await vi.waitFor(() => {
      expect(server.accepted()).toBe(1);
    });
    vi.advanceTimersByTime(120);
    expect((await late).failure?.code).toBe("timeout");
    vi.useRealTimers();
  });

  it("with a line break in it can't smuggle a header, nor show itself", async () => {
    const evil = secretsOf({ [TOKEN]: "x\r\nhost: evil" });
    const server = await mirror();
    const { failure } = await captureOne(testProbe({ secrets: evil }), server.origin, {
      headers: { "X-Key": { $ref: TOKEN } },
    });
    expect(failure?.code).toBe("configuration");
    expect(failure?.message).not.toContain("evil");
    expect(server.accepted()).toBe(0);
  });
});

describe("through a proxy", () => {
  /** Leads everything to `port`, and notes what was asked of it. */
  async function proxy(port: number): Promise<{ server: TestServer; asked: string[] }> {
    const asked: string[] = [];
    const server = await serveRaw((client) => {
      client.once("data", (head: Buffer) => {
        asked.push(head.toString().split("\r\n")[0] ?? "");
        const upstream = connect(port, "127.0.0.1");
        onTestFinished(() => void upstream.destroy());
        upstream.on("error", () => undefined).on("close", () => client.destroy());
        client.on("close", () => upstream.destroy());
        if (head.toString().startsWith("CONNECT")) client.write("HTTP/1.1 200 OK\r\n\r\n");
        else upstream.write(head);
        join(client, upstream);
      });
    });
    return { server, asked };
  }

  function join(a: Socket, b: Socket): void {
    a.pipe(b);
    b.pipe(a);
  }

  it("plain requests name the whole URL", async () => {
    const end = await mirror();
    const { server, asked } = await proxy(end.port);
    const { values, failure } = await captureOne(testProbe(), "http://target.test/a?b=1", {
      proxy: server.origin,
      keep: ["headers.host"],
    });
    expect(failure).toBeUndefined();
    expect(values).toEqual({ "headers.host": "target.test" });
    expect(asked).toEqual(["GET http://target.test/a?b=1 HTTP/1.1"]);
  });

  it("secure ones go through a tunnel, with the target's certificate verified", async () => {
    const end = await serveTls("good", (_, response) => response.end("fine"));
    const { server, asked } = await proxy(end.port);
    const through = { proxy: server.origin, ca: certificate("good") };
    const good = await captureOne(testProbe(), "https://good.test/", through);
    expect(good.failure).toBeUndefined();
    const bad = await captureOne(testProbe(), "https://bad.test/", through);
    expect(bad.failure?.code).toBe("certificate");
    expect(asked).toEqual(["CONNECT good.test:443 HTTP/1.1", "CONNECT bad.test:443 HTTP/1.1"]);
  });

  it.each([
    [
      "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
      "the proxy answered 407 for good.test:443",
    ],
    ["HTTP/1.1 200 OK\r\n\r\nhello", "the proxy sent bytes of its own before good.test:443 could"],
    ["x".repeat(20_000), "the proxy answered with too long a head"],
    ["", "the proxy ended the connection instead of leading to good.test:443"],
  ])("that doesn't lead there: %#", async (reply, message) => {
    const server = await serveRaw((socket) => socket.once("data", () => socket.end(reply)));
    const { failure } = await captureOne(testProbe(), "https://good.test/", {
      proxy: server.origin,
    });
    expect(failure).toEqual({ code: "connect", message });
  });

  it("forbidden places stay forbidden, as targets and as proxies", async () => {
    const { server, asked } = await proxy(1);
    const probe = testProbe({ forbidden: ["127.0.0.1:9001"] });
    const via = { proxy: server.origin };
    for (const url of [
      "http://169.254.169.254/",
      "https://[fd00:ec2::254]/",
      "http://127.0.0.2:9001/",
    ]) {
      expect((await captureOne(probe, url, via)).failure?.code).toBe("forbidden-address");
    }
    const hidden = await captureOne(probe, "http://target.test/", {
      proxy: "http://169.254.169.254",
    });
    expect(hidden.failure?.code).toBe("forbidden-address");
    expect(asked).toEqual([]);
  });
});
