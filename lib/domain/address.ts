/**
 * What kind of place an IP address is, whatever way it is spelled.
 *
 * IPv6 forms that carry an IPv4 address (mapped, compatible, translated, NAT64, 6to4, Teredo) are
 * judged by the address they carry: a packet to them may end up there.
 *
 * In:    the text of an address                          Out: AddressKind
 * Holds: total: what is not an address is `unknown`, and nobody connects to that.
 * Source: IANA special-purpose registries; RFC 4291, 6052, 6145, 3056, 4380, 8215;
 *         metadata addresses as the clouds' manuals give them (2026-11).
 */
import ipaddr from "ipaddr.js";

export type AddressKind =
  | "public"
  /** RFC 1918, unique local, shared (carrier-grade NAT). */
  | "private"
  | "loopback"
  | "link-local"
  /** Where clouds serve instance metadata and credentials. */
  | "metadata"
  | "unspecified"
  /** One to many: multicast and broadcast. */
  | "multicast"
  | "unknown";

const METADATA: ReadonlySet<string> = new Set([
  "169.254.169.254", // AWS, GCP, Azure and most others
  "169.254.170.2", // AWS ECS task credentials
  "169.254.170.23", // AWS EKS pod identity
  "fd00:ec2::254", // AWS over IPv6
  "fd00:ec2::23", // AWS EKS pod identity over IPv6
  "fd20:ce::254", // GCP over IPv6
  "100.100.100.200", // Alibaba
  "168.63.129.16", // Azure's host
  "192.0.0.192", // Oracle, old
]);

/** Kinds that nobody may point a target at. */
export function isForbiddenKind(kind: AddressKind): boolean {
  switch (kind) {
    case "link-local":
    case "metadata":
    case "unspecified":
    case "multicast":
    case "unknown":
      return true;
    case "public":
    case "private":
    case "loopback":
      return false;
  }
}

/** One spelling per address: IPv4 in dots, IPv6 shortened; undefined when it is no address. */
export function canonicalAddress(text: string): string | undefined {
  const address = parsed(text);
  return address === undefined ? undefined : spelled(innermost(address));
}

export function addressKind(text: string): AddressKind {
  const outer = parsed(text);
  if (outer === undefined) return "unknown";
  const address = innermost(outer);
  if (METADATA.has(spelled(address))) return "metadata";
  return address.kind() === "ipv4" ? kindOfRange(address.range()) : kindOfV6(address);
}

type Ip = ipaddr.IPv4 | ipaddr.IPv6;

function parsed(text: string): Ip | undefined {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  // A zone names the way out, not the place.
  const zone = bare.indexOf("%");
  const address = zone === -1 ? bare : bare.slice(0, zone);
  return ipaddr.isValid(address) ? ipaddr.parse(address) : undefined;
}

function spelled(address: Ip): string {
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
}

function kindOfRange(range: string): AddressKind {
  switch (range) {
    case "loopback":
      return "loopback";
    case "private":
    case "uniqueLocal":
    case "carrierGradeNat":
      return "private";
    case "linkLocal":
      return "link-local";
    case "unspecified":
      return "unspecified";
    case "multicast":
    case "broadcast":
      return "multicast";
    default:
      return "public";
  }
}

// Site-local addresses are deprecated (RFC 3879) and unknown to the library.
const SITE_LOCAL = ipaddr.IPv6.parse("fec0::");

function kindOfV6(address: Ip): AddressKind {
  if (address.match(SITE_LOCAL, 10)) return "private";
  return kindOfRange(address.range());
}

const TRANSLATED: readonly (readonly [prefix: ipaddr.IPv6, bits: number])[] = [
  [ipaddr.IPv6.parse("::"), 96], // IPv4-compatible (deprecated); :: and ::1 are themselves
  [ipaddr.IPv6.parse("::ffff:0:0"), 96], // mapped
  [ipaddr.IPv6.parse("::ffff:0:0:0"), 96], // translated (RFC 6145)
  [ipaddr.IPv6.parse("64:ff9b::"), 96], // NAT64
  [ipaddr.IPv6.parse("64:ff9b:1::"), 48], // NAT64, local use, last 32 bits
];
const SIX_TO_FOUR = ipaddr.IPv6.parse("2002::");
const TEREDO = ipaddr.IPv6.parse("2001::");

/** The IPv4 address that an IPv6 address carries, or the address itself. */
function innermost(address: Ip): Ip {
  if (!(address instanceof ipaddr.IPv6)) return address;
  const bytes = address.toByteArray();
  if (address.match(SIX_TO_FOUR, 16)) return new ipaddr.IPv4(bytes.slice(2, 6));
  if (address.match(TEREDO, 32)) {
    return new ipaddr.IPv4(bytes.slice(12).map((byte) => byte ^ 0xff));
  }
  if (bytes.slice(0, 15).every((byte) => byte === 0)) return address;
  for (const [prefix, bits] of TRANSLATED) {
    if (address.match(prefix, bits)) return new ipaddr.IPv4(bytes.slice(12));
  }
  return address;
}
