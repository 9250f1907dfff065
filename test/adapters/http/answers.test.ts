import zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Assertion } from "#domain/http-settings.ts";
import { durationMs } from "#domain/units.ts";
import {
  captureAll,
  captureOne,
  serve,
  serveRaw,
  settings,
  testProbe,
  wallClock,
} from "./support.ts";

const STATUS_OK: Assertion = { kind: "status", allowed: [[200, 299]] };
const HEALTHY: Assertion = { kind: "json", path: "status", op: "==", value: "ok" };

describe("an answer", () => {
  it("that is as expected succeeds, with its phases timed and no value but those asked for", async () => {
    const server = await serve((_, response) => response.end("fine"));
    const before = wallClock.now();
    const capture = await captureOne(testProbe(), `${server.origin}/`);
    expect(capture.failure).toBeUndefined();
    expect(capture.values).toEqual({});
    expect(capture.startedAt).toBeGreaterThanOrEqual(before);
    expect(Object.keys(capture.timings ?? {}).sort()).toEqual(["body", "connect", "firstByte"]);
  });

  it("over a kept connection has no connect phase", async () => {
    const server = await serve((_, response) => response.end("fine"));
    const probe = testProbe();
    await captureOne(probe, server.origin);
    const second = await captureOne(probe, server.origin);
    expect(Object.keys(second.timings ?? {}).sort()).toEqual(["body", "firstByte"]);
    expect(server.accepted()).toBe(1);
  });

  it("with another status fails with found and expected", async () => {
    const server = await serve((_, response) => response.writeHead(503).end());
    expect((await captureOne(testProbe(), server.origin)).failure).toEqual({
      code: "assertion",
      message: "status 200-299: found 503",
    });
  });

  it("keeps scalar values by their paths, shortened, and leaves out what isn't there", async () => {
    const body = JSON.stringify({
      status: "ok",
      app: { version: 3 },
      list: [1],
      long: "x".repeat(999),
    });
    const server = await serve((_, response) => response.end(body));
    const keep = ["status", "app.version", "list", "list[0]", "missing", "long"];
    const { values } = await captureOne(testProbe(), server.origin, { keep });
    expect(values).toEqual({ status: "ok", "app.version": 3, "list[0]": 1, long: "x".repeat(256) });
  });

  it("reports the status before the body, whatever the order of assertions", async () => {
    const server = await serve((_, response) => response.writeHead(500).end("<h1>oops</h1>"));
    const { failure } = await captureOne(testProbe(), server.origin, {
      assertions: [HEALTHY, STATUS_OK],
    });
    expect(failure?.message).toBe("status 200-299: found 500");
  });

  it.each([
    ["<html>", 'a body that is no JSON (it begins with "<html>")'],
    ["", "an empty body"],
    ['{"status":', 'a body that is no JSON (it begins with "{\\"status\\":")'],
  ])("whose body is %j is no JSON", async (body, found) => {
    const server = await serve((_, response) => response.end(body));
    const { failure } = await captureOne(testProbe(), server.origin, { assertions: [HEALTHY] });
    expect(failure).toEqual({ code: "not-json", message: `json status == "ok": found ${found}` });
    const kept = await captureOne(testProbe(), server.origin, { keep: ["status"] });
    expect(kept.failure?.code).toBe("not-json");
  });

  it("nested a hundred thousand deep is a failed check", async () => {
    const body = "[".repeat(100_000) + "]".repeat(100_000);
    const server = await serve((_, response) => response.end(body));
    const { failure } = await captureOne(testProbe(), server.origin, { assertions: [HEALTHY] });
    expect(failure?.message).toBe('json status == "ok": found nothing');
  });

  it("in Latin-1 and one that begins with a byte order mark are read as they are meant", async () => {
    const server = await serve(({ url }, response) => {
      if (url === "/bom") response.end('\uFEFF{"status":"ok"}');
      else {
        response.setHeader("content-type", "application/json; charset=ISO-8859-1");
        response.end(Buffer.from('{"status":"größer"}', "latin1"));
      }
    });
    const probe = testProbe();
    expect(
      (await captureOne(probe, `${server.origin}/bom`, { assertions: [HEALTHY] })).failure,
    ).toBeUndefined();
    expect((await captureOne(probe, server.origin, { keep: ["status"] })).values).toEqual({
      status: "größer",
    });
  });

  it("sends what the settings say", async () => {
    const server = await serve((request, response) => {
      const { method, headers } = request;
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => response.end(JSON.stringify({ method, body, ...headers })));
    });
    const { values } = await captureOne(testProbe(), `${server.origin}/?q=1`, {
      method: "post",
      body: "ping",
      headers: { "X-Team": "web", "User-Agent": "me" },
      auth: { kind: "basic", username: "u", password: "p" },
      keep: [
        "method",
        "body",
        '["x-team"]',
        '["user-agent"]',
        "authorization",
        '["content-length"]',
      ],
    });
    expect(values).toEqual({
      method: "POST",
      body: "ping",
      '["x-team"]': "web",
      '["user-agent"]': "me",
      authorization: "Basic dTpw",
      '["content-length"]': "4",
    });
  });

  it("to a request that can't be made is a configuration failure", async () => {
    const probe = testProbe();
    const bad = await captureAll(probe, [
      settings("ftp://127.0.0.1/"),
      settings("no url"),
      settings("http://127.0.0.1:9/", { headers: { "bad header": "x" } }),
      settings("http://127.0.0.1:9/", { assertions: [{ kind: "body-matches", pattern: "(" }] }),
      { kind: "noop" },
    ]);
    expect(bad.map(({ failure }) => failure?.code)).toEqual(Array(5).fill("configuration"));
  });

  it("gives a report of everything to who asks for one", async () => {
    const server = await serve(({ url }, response) => {
      if (url === "/old") response.writeHead(302, { location: "/new?token=x" }).end();
      else response.end('{"status":"degraded"}');
    });
    const report = await testProbe().captureVerbose({
      probe: settings(`${server.origin}/old`, { assertions: [STATUS_OK, HEALTHY] }),
    });
    expect(report).toMatchObject({
      status: 200,
      remoteAddress: "127.0.0.1",
      redirects: [{ status: 302, to: `${server.origin}/new` }],
      assertions: [
        { passed: true, expected: "status 200-299", found: "200" },
        { passed: false, expected: 'json status == "ok"', found: '"degraded"' },
      ],
      capture: { failure: { code: "assertion" } },
    });
  });
});

describe("a body", () => {
  const body = JSON.stringify({ status: "ok", padding: "x".repeat(30_000) });
  const encoded: readonly (readonly [string, Buffer])[] = [
    ["gzip", zlib.gzipSync(body)],
    ["x-gzip", zlib.gzipSync(body)],
    ["deflate", zlib.deflateSync(body)],
    ["deflate", zlib.deflateRawSync(body)],
    ["br", zlib.brotliCompressSync(body)],
    ["zstd", zlib.zstdCompressSync(body)],
    ["identity", Buffer.from(body)],
    ["gzip, br", zlib.brotliCompressSync(zlib.gzipSync(body))],
    // Above the size that is decoded at once.
    ["gzip", zlib.gzipSync(body, { level: 0 })],
    [
      "zstd",
      zlib.zstdCompressSync(Buffer.from(JSON.stringify({ status: "ok", noise: noise(60_000) }))),
    ],
  ];

  it.each(encoded)("in %s is decoded (%#)", async (encoding, bytes) => {
    const server = await serve((_, response) =>
      response.setHeader("content-encoding", encoding).end(bytes),
    );
    expect(
      (await captureOne(testProbe(), server.origin, { assertions: [HEALTHY] })).failure,
    ).toBeUndefined();
  });

  it.each([
    ["gzip", zlib.gzipSync(Buffer.alloc(200_000_000))],
    [
      "br",
      zlib.brotliCompressSync(Buffer.alloc(200_000_000), {
        params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 },
      }),
    ],
    ["zstd", zlib.zstdCompressSync(Buffer.alloc(200_000_000))],
    ["gzip, gzip", zlib.gzipSync(zlib.gzipSync(Buffer.alloc(200_000_000)))],
  ])("that unpacks to 200 MB of %s stops at the limit", async (encoding, bomb) => {
    const server = await serve((_, response) =>
      response.setHeader("content-encoding", encoding).end(bomb),
    );
    const { failure } = await captureOne(testProbe(), server.origin, { assertions: [HEALTHY] });
    expect(failure).toEqual({
      code: "body-too-large",
      message: "the body unpacks to more than 1048576 bytes",
    });
  });

  it.each([
    [
      "compress",
      Buffer.from("x"),
      'the body is encoded as "compress"; gzip, deflate, br and zstd can be read',
    ],
    ["gzip", Buffer.from("plain"), "the body is no valid gzip (Z_DATA_ERROR)"],
    ["gzip", zlib.gzipSync(body).subarray(0, 40), "the body is no valid gzip (Z_BUF_ERROR)"],
    ["gzip,gzip,gzip,gzip", Buffer.from("x"), "the body is encoded 4 times over"],
  ])(
    "in %s that can't be decoded fails only where it is needed (%#)",
    async (encoding, bytes, message) => {
      const server = await serve((_, response) =>
        response.setHeader("content-encoding", encoding).end(bytes),
      );
      const probe = testProbe();
      expect((await captureOne(probe, server.origin)).failure).toBeUndefined();
      expect((await captureOne(probe, server.origin, { assertions: [HEALTHY] })).failure).toEqual({
        code: "body-encoding",
        message,
      });
    },
  );

  it("beyond the limit fails, and what was wrong with the head is told first", async () => {
    const server = await serve(({ url }, response) => {
      response.writeHead(url === "/500" ? 500 : 200).end(Buffer.alloc(3_000));
    });
    const probe = testProbe({ bodyBytesMax: 2_000 });
    expect((await captureOne(probe, server.origin)).failure).toEqual({
      code: "body-too-large",
      message: "the body is larger than 2000 bytes",
    });
    expect((await captureOne(probe, `${server.origin}/500`)).failure?.message).toBe(
      "status 200-299: found 500",
    );
  });

  it("without end is cut at the limit", async () => {
    const server = await serve((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", more);
      more();
    });
    expect((await captureOne(testProbe(), server.origin)).failure?.code).toBe("body-too-large");
  });

  it("that drips ends at the target's time-out, or at the body's own", async () => {
    const server = await serve((_, response) => {
      const timer = setInterval(() => response.write("."), 20);
      response.on("close", () => {
        clearInterval(timer);
      });
      response.write(".");
    });
    const timeoutMs = durationMs(200);
    expect((await captureOne(testProbe(), server.origin, { timeoutMs })).failure).toEqual({
      code: "timeout",
      message: "not done after 200ms: the answer did not end",
    });
    expect((await captureOne(testProbe({ bodyTimeoutMs: 150 }), server.origin)).failure).toEqual({
      code: "body-timeout",
      message: "the body did not end after 150ms",
    });
  });

  it("that is cut off is a reset", async () => {
    const server = await serveRaw((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"));
    });
    expect((await captureOne(testProbe(), server.origin)).failure?.code).toBe("reset");
  });
});

describe("no proper answer", () => {
  it("in time is a time-out of its stage", async () => {
    const server = await serve(() => undefined);
    const timeoutMs = durationMs(150);
    expect((await captureOne(testProbe(), server.origin, { timeoutMs })).failure).toEqual({
      code: "timeout",
      message: "not done after 150ms: no answer came",
    });
    expect((await captureOne(testProbe({ headersTimeoutMs: 100 }), server.origin)).failure).toEqual(
      {
        code: "headers-timeout",
        message: "no answer after 100ms",
      },
    );
  });

  it("at all: refused, reset, not HTTP, too long a head", async () => {
    const gone = await serveRaw((socket) => socket.destroy());
    const reset = await serveRaw((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const ssh = await serveRaw((socket) => socket.write("SSH-2.0-OpenSSH_9.6\r\n"));
    const endless = await serveRaw((socket) => {
      socket.once("data", () =>
        socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(40_000)}\r\n\r\n`),
      );
    });
    const closed = await serveRaw(() => undefined);
    const probe = testProbe();
    const captures = await captureAll(probe, [
      settings("http://127.0.0.1:1/"),
      ...[gone, reset, ssh, endless].map(({ origin }) => settings(origin)),
      settings(closed.origin, { timeoutMs: durationMs(100) }),
    ]);
    expect(captures.map(({ failure }) => failure?.code)).toEqual([
      "connect",
      "reset",
      "reset",
      "reset",
      "body-too-large",
      "timeout",
    ]);
    expect(captures[0]?.failure?.message).toBe("127.0.0.1:1 refused the connection");
  });
});

function noise(length: number): string {
  let seed = 1;
  return Array.from({ length }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return String.fromCharCode(97 + (seed % 26));
  }).join("");
}
