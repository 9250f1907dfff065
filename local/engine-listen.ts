/**
 * Where an engine listens: a free port of loopback unless told otherwise, for what runs in
 * containers or elsewhere.
 *
 * The engine asks for no password: whoever reaches the address can read and change everything.
 */
import { isIPv4 } from "node:net";
import { InvalidInputError } from "#domain/errors.ts";

export interface EngineListen {
  /** An IPv4 address of this machine, or 0.0.0.0 for all of them. */
  readonly host: string;
  readonly port: number;
}

export const LOOPBACK = "127.0.0.1";
const ALL_ADDRESSES = "0.0.0.0";
const PORT_MAX = 65_535;

/** @throws InvalidInputError unless it is `port` or `address:port`. */
export function parseEngineListen(text: string): EngineListen {
  const parts = /^(?:(?<host>[\d.]+):)?(?<port>[1-9]\d{0,4})$/u.exec(text)?.groups;
  const host = parts?.["host"] ?? LOOPBACK;
  const port = Number(parts?.["port"]);
  if (isIPv4(host) && port <= PORT_MAX) return { host, port };
  throw new InvalidInputError({
    where: "--store-listen",
    found: JSON.stringify(text),
    expected: "an address and a port of this machine, e.g. 8000 or 172.17.0.1:8000",
  });
}

/** How what runs on this machine reaches it. */
export function engineEndpoint(port: number, host: string = LOOPBACK): string {
  return `http://${host === ALL_ADDRESSES ? LOOPBACK : host}:${port}`;
}

/** Whether only this machine reaches it. */
export function isLoopback(host: string): boolean {
  return host.startsWith("127.");
}
