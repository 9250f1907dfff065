import { expect, it, vi } from "vitest";
import { guard } from "#adapters/http/guard.ts";
import { names } from "#adapters/http/names.ts";

vi.mock(import("node:os"), async (original) => {
  const own = { netmask: "255.255.255.0", mac: "", internal: false, cidr: null };
  return {
    ...(await original()),
    networkInterfaces: () => ({
      eth0: [
        { ...own, family: "IPv4", address: "192.168.7.5" },
        { ...own, family: "IPv6", address: "fe80::5", scopeid: 2 },
      ],
    }),
  };
});

it("this machine's own addresses reach what a loopback place names", async () => {
  const checked = guard({ forbidden: ["127.0.0.1:8000"], allowPrivate: true, names: names() });
  const at = (address: string, port: number): Promise<string | undefined> =>
    checked.refusesAddresses([{ address, family: 4 }], port);
  expect(await at("192.168.7.5", 8000)).toBe("192.168.7.5:8000 belongs to the system itself");
  expect(await at("192.168.7.5", 8001)).toBeUndefined();
  expect(await at("192.168.7.6", 8000)).toBeUndefined();
});

it("a place named by one of this machine's addresses is all of them", async () => {
  const checked = guard({ forbidden: ["192.168.7.5:8000"], allowPrivate: true, names: names() });
  const refused = await checked.refusesAddresses([{ address: "127.0.0.1", family: 4 }], 8000);
  expect(refused).toBe("127.0.0.1:8000 belongs to the system itself");
});
