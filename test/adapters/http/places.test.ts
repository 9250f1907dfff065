import { describe, expect, it } from "vitest";
import type { Address } from "#adapters/http/names.ts";
import { names } from "#adapters/http/names.ts";
import { guard } from "#adapters/http/guard.ts";
import { durationMs } from "#domain/units.ts";
import { captureAll, captureOne, serve, settings, testProbe } from "./support.ts";

function resolving(table: Readonly<Record<string, readonly string[]>>): {
  readonly lookup: (hostname: string) => Promise<readonly Address[]>;
  readonly asked: string[];
} {
  const asked: string[] = [];
  return {
    asked,
    lookup: (hostname) => {
      asked.push(hostname);
      const found = table[hostname];
      if (found === undefined) {
        return Promise.reject(Object.assign(new Error("not found"), { code: "ENOTFOUND" }));
      }
      return Promise.resolve(
        found.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      );
    },
  };
}

describe("a forbidden place", () => {
  it.each([
    "http://169.254.169.254/latest/meta-data/",
    "http://0xA9FEA9FE/",
    "http://2852039166/",
    "http://0251.0376.0251.0376/",
    "http://169.254.169.254./",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://169.254.170.2/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://224.0.0.1/",
    "http://metadata.google.internal/",
    "https://METADATA.google.internal./",
  ])("is refused: %s", async (url) => {
    const { failure } = await captureOne(testProbe(), url);
    expect(failure?.code).toBe("forbidden-address");
  });

  it("is refused when a name leads there, though other addresses are fine", async () => {
    const { lookup } = resolving({
      "evil.test": ["169.254.169.254"],
      "mixed.test": ["127.0.0.1", "fe80::1"],
    });
    const probe = testProbe({ lookup });
    const captures = await captureAll(probe, [
      settings("http://evil.test/"),
      settings("http://mixed.test/"),
    ]);
    expect(captures.map(({ failure }) => failure?.message)).toEqual([
      "169.254.169.254 is a metadata address, which may not be captured",
      "fe80::1 is a link-local address, which may not be captured",
    ]);
  });

  it("is refused when a redirect leads there", async () => {
    const { lookup } = resolving({ "evil.test": ["169.254.169.254"] });
    const server = await serve(({ url }, response) => {
      const location = url === "/name" ? "http://evil.test/" : "http://169.254.169.254/latest/";
      response.writeHead(302, { location }).end();
    });
    const probe = testProbe({ lookup });
    for (const path of ["/address", "/name"]) {
      const { failure } = await captureOne(probe, `${server.origin}${path}`);
      expect(failure?.code).toBe("forbidden-address");
    }
  });

  it("is the system's own, by any address and name of this machine", async () => {
    const server = await serve((_, response) => response.end("secrets"));
    const { lookup } = resolving({ "alias.test": ["127.0.0.1"], localhost: ["127.0.0.1"] });
    const probe = testProbe({ lookup, forbidden: [`localhost:${server.port}`] });
    const hosts = [
      "127.0.0.1",
      "127.1",
      "127.0.0.2",
      "[::1]",
      "localhost",
      "LOCALHOST.",
      "alias.test",
      "[::ffff:7f00:1]",
    ];
    const captures = await captureAll(
      probe,
      hosts.map((host) => settings(`http://${host}:${server.port}/`)),
    );
    expect(captures.map(({ failure }) => failure?.code)).toEqual(
      hosts.map(() => "forbidden-address"),
    );
    expect(server.accepted()).toBe(0);
    const other = await serve((_, response) => response.end("fine"));
    expect((await captureOne(probe, other.origin)).failure).toBeUndefined();
  });

  it("is the store's, by its name and by the addresses behind it", async () => {
    const { lookup } = resolving({
      "store.test": ["203.0.113.9"],
      "alias.test": ["203.0.113.9"],
      "other.test": ["203.0.113.10"],
    });
    const known = names(lookup);
    const checked = guard({
      forbidden: ["https://store.test:443"],
      allowPrivate: true,
      names: known,
    });
    expect(checked.refusesHost("Store.test.", 443)).toBe(
      "store.test:443 belongs to the system itself",
    );
    expect(checked.refusesHost("store.test", 80)).toBeUndefined();
    const at = (address: string, port: number): Promise<string | undefined> =>
      checked.refusesAddresses([{ address, family: 4 }], port);
    expect(await at("203.0.113.9", 443)).toBe("203.0.113.9:443 belongs to the system itself");
    expect(await at("203.0.113.10", 443)).toBeUndefined();
    expect(await at("203.0.113.9", 80)).toBeUndefined();
  });

  it("includes loopback and private ones when they are switched off", async () => {
    const server = await serve((_, response) => response.end("fine"));
    const probe = testProbe({ allowPrivate: false });
    const captures = await captureAll(probe, [
      settings(server.origin),
      settings("http://10.0.0.1/"),
      settings("http://[fd12::1]/"),
      settings(`http://localhost:${server.port}/`),
    ]);
    expect(captures.map(({ failure }) => failure?.code)).toEqual(
      Array(4).fill("forbidden-address"),
    );
    expect(server.accepted()).toBe(0);
  });

  it("must be named as host and port", () => {
    expect(() => testProbe({ forbidden: ["localhost"] })).toThrow(
      'forbidden places: found "localhost", expected host:port',
    );
  });
});

describe("a name", () => {
  it("that has no address is a dns failure, that can't be resolved too", async () => {
    const probe = testProbe({
      lookup: (hostname) =>
        Promise.reject(
          Object.assign(new Error(), { code: hostname === "no.test" ? "ENOTFOUND" : "EAI_AGAIN" }),
        ),
    });
    const captures = await captureAll(probe, [
      settings("http://no.test/"),
      settings("http://later.test/"),
    ]);
    expect(captures.map(({ failure }) => failure)).toEqual([
      { code: "dns", message: "the name no.test has no address (ENOTFOUND)" },
      { code: "dns", message: "the name later.test could not be resolved (EAI_AGAIN)" },
    ]);
  });

  it("is asked for once by many, is timed, and is tried at its next address", async () => {
    const server = await serve((_, response) => response.end("fine"));
    // Nothing listens on the first address.
    const { lookup, asked } = resolving({ "many.test": ["::1", "127.0.0.1"] });
    const probe = testProbe({ lookup });
    const captures = await captureAll(
      probe,
      Array.from({ length: 5 }, () => settings(`http://many.test:${server.port}/`)),
    );
    expect(captures.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(captures[0]?.timings).toHaveProperty("dns");
    expect(asked).toEqual(["many.test"]);
    probe.refresh();
    await captureOne(probe, `http://many.test:${server.port}/`);
    expect(asked).toEqual(["many.test", "many.test"]);
  });

  it("is looked up in the family that is asked for", async () => {
    const families: number[] = [];
    const probe = testProbe({
      lookup: (_, family) => {
        families.push(family);
        return Promise.resolve([]);
      },
    });
    const { failure } = await captureOne(probe, "http://six.test/", { ipVersion: 6 });
    expect(failure).toEqual({ code: "dns", message: "the name six.test has no address" });
    expect(families).toEqual([6]);
    const literal = await captureOne(probe, "http://127.0.0.1:9/", { ipVersion: 6 });
    expect(literal.failure?.code).toBe("configuration");
  });

  it("that never resolves ends at the connect limit", async () => {
    const probe = testProbe({ lookup: () => new Promise(() => undefined), connectTimeoutMs: 100 });
    expect((await captureOne(probe, "http://slow.test/")).failure).toEqual({
      code: "connect-timeout",
      message: "no connection after 100ms",
    });
    const { failure } = await captureOne(probe, "http://slow.test/", { timeoutMs: durationMs(50) });
    expect(failure).toEqual({ code: "timeout", message: "not done after 50ms: connecting" });
  });
});

describe("remembered names", () => {
  it("alternate families, and are forgotten beyond two thousand", async () => {
    let asked = 0;
    const known = names((_, family) => {
      asked += 1;
      return Promise.resolve(
        ["1.1.1.1", "2.2.2.2", "::3", "::4"].map((address) => ({ address, family })),
      );
    });
    await known.find("a.test", 0);
    for (let index = 0; index < 2_000; index += 1) await known.find(`${index}.test`, 0);
    expect(asked).toBe(2_001);
    await known.find("1999.test", 0);
    expect(asked).toBe(2_001);
    await known.find("a.test", 0);
    expect(asked).toBe(2_002);
    const both = names(() =>
      Promise.resolve([
        { address: "::1", family: 6 },
        { address: "::2", family: 6 },
        { address: "1.1.1.1", family: 4 },
      ]),
    );
    const order = (await both.find("b.test", 0)).map(({ address }) => address);
    expect(order).toEqual(["::1", "1.1.1.1", "::2"]);
  });
});
