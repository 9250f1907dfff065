/**
 * Where a capture may not go: so that whoever registers a target can't use us as a weapon.
 *
 * Refused are link-local, metadata, unspecified and multicast addresses, and the places named at
 * start (the function's runtime interface, the store), in every spelling, after name resolution
 * and on every redirect. What is checked is the address that is then connected to: between check
 * and use there is no second resolution.
 *
 * In:    host and port before, addresses and port after resolution   Out: a sentence, or undefined
 * Source: README, "Not captured".
 */
import { networkInterfaces } from "node:os";
import { addressKind, canonicalAddress, isForbiddenKind } from "#domain/address.ts";
import { InvalidInputError } from "#domain/errors.ts";
import { type Address, type Names } from "./names.ts";

export interface Guard {
  /** Before resolution: forbidden names, and hosts that are addresses. */
  refusesHost(hostname: string, port: number): string | undefined;
  /** After it: one forbidden address refuses the name. */
  refusesAddresses(addresses: readonly Address[], port: number): Promise<string | undefined>;
}

export interface GuardOptions {
  /** `host:port` pairs; a loopback host means every address of this machine. */
  readonly forbidden: readonly string[];
  /** Whether loopback and private addresses may be captured. */
  readonly allowPrivate: boolean;
  /** Resolves forbidden names, so that their addresses are refused too. */
  readonly names: Names;
}

/** Names of metadata services: a proxy would resolve them where we can't see it. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  "metadata",
  "metadata.google.internal",
  "metadata.goog",
  "instance-data",
  "instance-data.ec2.internal",
]);

interface Place {
  readonly hostname: string;
  readonly port: number;
  /** Whether it is this machine. */
  readonly local: boolean;
}

/** @throws InvalidInputError when a pair is not `host:port`. */
export function guard({ forbidden, allowPrivate, names }: GuardOptions): Guard {
  const places = forbidden.map(parsePlace);

  const refusesKind = (address: string): string | undefined => {
    const kind = addressKind(address);
    if (isForbiddenKind(kind)) return `${address} is a ${kind} address, which may not be captured`;
    const inside = kind === "loopback" || kind === "private";
    if (inside && !allowPrivate) return `${address} is a ${kind} address, which is switched off`;
    return undefined;
  };

  const refusesPlace = async (address: string, place: Place): Promise<boolean> => {
    const canonical = canonicalAddress(address);
    if (place.local) return addressKind(address) === "loopback" || isOwn(canonical);
    if (canonical === canonicalAddress(place.hostname)) return true;
    if (canonicalAddress(place.hostname) !== undefined) return false;
    const known = await names.find(place.hostname, 0).catch(() => []);
    return known.some((other) => canonicalAddress(other.address) === canonical);
  };

  return {
    refusesHost: (hostname, port) => {
      const name = plainName(hostname);
      if (METADATA_NAMES.has(name))
        return `${name} is a metadata service, which may not be captured`;
      if (places.some((place) => place.port === port && place.hostname === name)) {
        return `${name}:${port} belongs to the system itself`;
      }
      return canonicalAddress(name) === undefined ? undefined : refusesKind(name);
    },
    refusesAddresses: async (addresses, port) => {
      const near = places.filter((place) => place.port === port);
      for (const { address } of addresses) {
        const refusal = refusesKind(address);
        if (refusal !== undefined) return refusal;
        for (const place of near) {
          if (await refusesPlace(address, place)) {
            return `${address}:${port} belongs to the system itself`;
          }
        }
      }
      return undefined;
    },
  };
}

/** Lower case, without brackets and without the root's dot. */
export function plainName(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/u, "$1")
    .replace(/\.$/u, "");
}

function parsePlace(pair: string): Place {
  const match = /^(?:https?:\/\/)?(.+):(\d{1,5})\/?$/u.exec(pair.trim());
  const hostname = plainName(match?.[1] ?? "");
  const port = Number(match?.[2]);
  if (hostname === "" || !(port > 0 && port < 65_536)) {
    throw new InvalidInputError({
      where: "forbidden places",
      found: JSON.stringify(pair),
      expected: "host:port",
    });
  }
  const kind = addressKind(hostname);
  const local =
    kind === "loopback" || kind === "unspecified" || isLocalName(hostname) || isOwn(hostname);
  return { hostname, port, local };
}

/** `localhost` and names under it. */
export function isLocalName(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost");
}

/** Whether an interface of this machine has the address. */
function isOwn(address: string | undefined): boolean {
  if (address === undefined) return false;
  return Object.values(networkInterfaces()).some((list) =>
    list?.some((own) => canonicalAddress(own.address) === address),
  );
}
