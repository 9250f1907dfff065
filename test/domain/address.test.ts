import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressKind, canonicalAddress, isForbiddenKind } from "#domain/address.ts";

describe("the kind of an address", () => {
  it.each([
    ["8.8.8.8", "public"],
    ["2606:4700::1111", "public"],
    ["10.1.2.3", "private"],
    ["172.16.0.1", "private"],
    ["192.168.1.1", "private"],
    ["100.64.0.1", "private"],
    ["fd12:3456::1", "private"],
    ["fec0::1", "private"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["::1", "loopback"],
    ["169.254.1.1", "link-local"],
    ["fe80::1", "link-local"],
    ["fe80::1%eth0", "link-local"],
    ["febf::1", "link-local"],
    ["169.254.169.254", "metadata"],
    ["169.254.170.2", "metadata"],
    ["169.254.170.23", "metadata"],
    ["100.100.100.200", "metadata"],
    ["fd00:ec2::254", "metadata"],
    ["FD00:0EC2:0000::0254", "metadata"],
    ["0.0.0.0", "unspecified"],
    ["0.1.2.3", "unspecified"],
    ["::", "unspecified"],
    ["224.0.0.1", "multicast"],
    ["255.255.255.255", "multicast"],
    ["ff02::1", "multicast"],
    ["not an address", "unknown"],
    ["", "unknown"],
  ])("of %s is %s", (address, kind) => {
    expect(addressKind(address)).toBe(kind);
  });

  it.each([
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "[::ffff:a9fe:a9fe]",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::169.254.169.254",
    "2002:a9fe:a9fe::1",
    "2001:0:1:2:3:4:5601:5601",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.43518",
  ])("of %s is that of the metadata address it carries", (address) => {
    expect(addressKind(address)).toBe("metadata");
  });

  it("is the same through every IPv6 form that carries an IPv4 address", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, octet, (a, b, c, d) => {
        const plain = `${a}.${b}.${c}.${d}`;
        for (const prefix of ["::ffff:", "64:ff9b::"]) {
          expect(addressKind(`${prefix}${plain}`)).toBe(addressKind(plain));
          expect(canonicalAddress(`${prefix}${plain}`)).toBe(plain);
        }
      }),
    );
  });

  it("is total", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(isForbiddenKind(addressKind(text))).toBeTypeOf("boolean");
      }),
    );
  });
});
