import { describe, expect, it } from "vitest";
import type { Assertion } from "#domain/http-settings.ts";
import { epochMs } from "#domain/units.ts";
import { captureOne, certificate, serve, serveRaw, serveTls, testProbe } from "./support.ts";

const ca = certificate("good");
const localhost = (url: string): string => url.replace("127.0.0.1", "localhost");

describe("over TLS", () => {
  it("an answer succeeds, with the handshake timed and the certificate's days", async () => {
    const server = await serveTls("good", (_, response) => response.end("fine"));
    const now = epochMs(Date.parse("2125-12-01T00:00:00Z"));
    const clock = { now: () => now, after: () => () => undefined };
    const probe = testProbe({ clock });
    const capture = await captureOne(probe, server.origin, { ca });
    expect(capture.failure).toBeUndefined();
    expect(capture.values).toEqual({ certificate_days: 30 });
    expect(capture.timings).toHaveProperty("tls");
    const again = await captureOne(probe, server.origin, { ca });
    expect(again.timings).not.toHaveProperty("tls");
    expect(again.values).toEqual({ certificate_days: 30 });
    const soon: Assertion = { kind: "certificate-days", op: ">", value: 31 };
    const late = await captureOne(probe, server.origin, { ca, assertions: [soon] });
    expect(late.failure?.message).toBe("certificate_days > 31: found 30");
  });

  it("a name is verified as well as an address", async () => {
    const server = await serveTls("good", (_, response) => response.end("fine"));
    const capture = await captureOne(testProbe(), localhost(server.origin), { ca });
    expect(capture.failure).toBeUndefined();
  });

  it("the Host header names whom the certificate must be for", async () => {
    const server = await serveTls("good", (request, response) =>
      response.end(request.headers.host),
    );
    const named = (host: string): ReturnType<typeof captureOne> =>
      captureOne(testProbe(), server.origin, { ca, headers: { Host: host } });
    expect((await named("good.test")).failure).toBeUndefined();
    expect((await named("bad.test:8443")).failure).toEqual({
      code: "certificate",
      message: "the certificate is for good.test, localhost, 127.0.0.1, not for bad.test",
    });
  });

  it("a certificate that doesn't verify is refused with the reason, before anything is sent", async () => {
    let requests = 0;
    const count = (): void => void (requests += 1);
    const unknown = await serveTls("good", count);
    const expired = await serveTls("expired", count);
    const self = await captureOne(testProbe(), unknown.origin);
    expect(self.failure).toEqual({
      code: "certificate",
      message: "the certificate of 127.0.0.1 is self-signed: name its authority with `ca`",
    });
    const old = await captureOne(testProbe(), expired.origin, { ca: certificate("expired") });
    expect(old.failure).toEqual({
      code: "certificate",
      message: "the certificate of 127.0.0.1 expired on Feb  1 00:00:00 2020 GMT",
    });
    expect(requests).toBe(0);
  });

  it("an insecure target accepts any, and shows its days all the same", async () => {
    const server = await serveTls("expired", (_, response) => response.end("fine"));
    const capture = await captureOne(testProbe(), server.origin, { insecure: true });
    expect(capture.failure).toBeUndefined();
    expect(capture.values["certificate_days"]).toBeLessThan(-2_000);
  });

  it("secure and insecure targets of one host share no connection", async () => {
    const server = await serveTls("good", (_, response) => response.end("fine"));
    const probe = testProbe();
    expect((await captureOne(probe, server.origin, { insecure: true })).failure).toBeUndefined();
    expect((await captureOne(probe, server.origin)).failure?.code).toBe("certificate");
  });

  it("a server that speaks none, or ends the handshake, is a tls failure", async () => {
    const plain = await serve((_, response) => response.end("fine"));
    const rude = await serveRaw((socket) => socket.once("data", () => socket.resetAndDestroy()));
    for (const { origin } of [plain, rude]) {
      const { failure } = await captureOne(testProbe(), origin.replace("http:", "https:"));
      expect(failure?.code).toBe("tls");
    }
  });

  it("a handshake without end meets the connect limit", async () => {
    const silent = await serveRaw(() => undefined);
    const probe = testProbe({ connectTimeoutMs: 100 });
    const { failure } = await captureOne(probe, silent.origin.replace("http:", "https:"));
    expect(failure?.code).toBe("connect-timeout");
    await expect.poll(() => probe.stats().open).toBe(0);
  });

  it("a `ca` that is no certificate is a configuration failure", async () => {
    const server = await serveTls("good", () => undefined);
    const { failure } = await captureOne(testProbe(), server.origin, {
      ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    });
    expect(failure?.code).toBe("configuration");
  });
});
