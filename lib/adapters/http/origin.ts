/**
 * Where connections go and how: everything that two captures must share to share a connection.
 *
 * In:    a URL and the target's settings                 Out: Origin
 * Holds: equal keys, interchangeable connections.
 */
import { hash } from "node:crypto";
import type { HttpSettings } from "#domain/http-settings.ts";
import { plainName } from "./guard.ts";

export interface Origin {
  readonly key: string;
  readonly secure: boolean;
  /** Lower case; an IPv6 address without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Name for which the certificate is asked for and must be valid. */
  readonly servername: string;
  readonly family: 0 | 4 | 6;
  readonly insecure: boolean;
  readonly ca: string | undefined;
  readonly proxy: Place | undefined;
}

export interface Place {
  readonly hostname: string;
  readonly port: number;
}

type ConnectionSettings = Pick<HttpSettings, "insecure" | "ca" | "ipVersion" | "proxy">;

/** @param hostHeader names the certificate, as the server knows itself by that name. */
export function originOf(url: URL, settings: ConnectionSettings, hostHeader?: string): Origin {
  const secure = url.protocol === "https:";
  const hostname = plainName(url.hostname);
  const port = portOf(url);
  const servername = hostHeader === undefined ? hostname : nameInHeader(hostHeader, hostname);
  const family = settings.ipVersion ?? 0;
  const proxy = settings.proxy === undefined ? undefined : placeOf(new URL(settings.proxy));
  const trust = settings.ca === undefined ? "" : hash("sha256", settings.ca);
  const tls = secure ? `${servername} ${settings.insecure ? "insecure" : ""} ${trust}` : "";
  const via = proxy === undefined ? "" : `${proxy.hostname}:${proxy.port}`;
  return {
    key: `${url.protocol}${hostname}:${port} ${family} ${via} ${tls}`,
    secure,
    hostname,
    port,
    servername,
    family,
    insecure: settings.insecure,
    ca: settings.ca,
    proxy,
  };
}

export function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

function placeOf(url: URL): Place {
  return { hostname: plainName(url.hostname), port: portOf(url) };
}

function nameInHeader(header: string, otherwise: string): string {
  const name = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/u.exec(header.trim());
  const found = name?.[1] ?? name?.[2] ?? "";
  return found === "" ? otherwise : plainName(found);
}

/** `host:port` as a person reads it. */
export function placeName({ hostname, port }: Place): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
