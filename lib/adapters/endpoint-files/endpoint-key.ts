/**
 * The key of an endpoint: `host[:port]/path[?query][#name]`.
 *
 * The canonical key is the target's id unless it has one of its own: host in lower case and ASCII
 * (IDN as punycode), the scheme's own port left out, path as a URL has it, the name as written.
 * The scheme is not part of it: `http` and `https` of one key need a `#name` each.
 *
 * In:    a key or an absolute URL                       Out: url (without fragment), host, canonical key
 * Fails: never: a refusal is a value with found and expected.
 * Source: WHATWG URL, as Node implements it.
 */
import { isIPv4 } from "node:net";
import { domainToASCII } from "node:url";
import { addressKind, isForbiddenKind } from "#domain/address.ts";
import { credentialLiteral, isCredentialName, secretLiteral } from "./secret-literal.ts";
import { showText } from "./source-tree.ts";

export type Scheme = "http" | "https";

export interface Endpoint {
  readonly kind: "endpoint";
  readonly url: string;
  /** Without port; IPv6 in brackets. */
  readonly host: string;
  readonly key: string;
}

export interface Refusal {
  readonly kind: "refused";
  readonly found: string;
  readonly expected: string;
}

const GRAMMAR = "host[:port]/path[?query][#name], e.g. www.example.com/health";
const KEY =
  /^(?<host>\[[^\]]*\]|[^:/?#[\]]*)(?::(?<port>[^/?#]*))?(?<rest>(?:[/?][^#]*)?)(?:#(?<name>.*))?$/u;

/** Reads `https://host/path#name`. */
export function parseEndpointUrl(text: string): Endpoint | Refusal {
  const scheme = /^(https?):\/\/(.*)$/iu.exec(text);
  if (scheme?.[1] === undefined || scheme[2] === undefined) {
    return refuse(showText(text), "an absolute URL that begins with http:// or https://");
  }
  return parseEndpointKey(scheme[2], scheme[1].toLowerCase() === "http" ? "http" : "https");
}

export function parseEndpointKey(text: string, scheme: Scheme): Endpoint | Refusal {
  const shown = showText(text);
  const written = /^([a-z][a-z0-9+.-]*):\/\//iu.exec(text)?.[1];
  if (written !== undefined) {
    return refuse(
      shown,
      `${GRAMMAR}: leave out ${written}:// and write scheme: ${written.toLowerCase()}`,
    );
  }
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  if (/[\s\u0000-\u001f\u007f\\]/u.test(text) || !text.isWellFormed()) {
    return refuse(shown, `${GRAMMAR}, without spaces, backslashes and control characters`);
  }
  if (/^[^/?#]*@/u.test(text))
    return refuse("a key with credentials (user@host)", `${GRAMMAR}: credentials go into auth`);
  const parts = KEY.exec(text)?.groups;
  if (parts === undefined) return refuse(shown, GRAMMAR);
  const { host = "", port, rest = "", name } = parts;
  if (port !== undefined && !isPort(port))
    return refuse(`port ${showText(port)}`, "a port from 1 to 65535");
  if (name !== undefined && !/^\S{1,100}$/u.test(name))
    return refuse(
      name === "" ? "# without a name" : `#${name.slice(0, 40)}`,
      "a name of 1 to 100 characters after #",
    );
  const refusal = refuseHost(host) ?? refuseQuery(rest, shown);
  if (refusal !== undefined) return refusal;
  const url = URL.parse(`${scheme}://${host}${port === undefined ? "" : `:${port}`}${rest}`);
  if (url === null)
    return refuse(
      `host ${showText(host)}`,
      "a host name, an IPv4 address, or an IPv6 address in brackets",
    );
  if (isIPv4(url.hostname) && url.hostname !== host)
    return refuse(`host ${showText(host)}`, `the address it stands for: ${url.hostname}`);
  const kind =
    url.hostname.startsWith("[") || isIPv4(url.hostname) ? addressKind(url.hostname) : "public";
  if (isForbiddenKind(kind))
    return refuse(`the ${kind} address ${url.hostname}`, "an address that targets may point at");
  const key = `${url.host}${url.pathname}${url.search}${name === undefined ? "" : `#${name}`}`;
  return { kind: "endpoint", url: url.href, host: url.hostname, key };
}

/** A host as it is compared: lower case, punycode; undefined when it is none. */
export function canonicalHost(text: string): string | undefined {
  if (refuseHost(text) !== undefined || !/^(?:\[[^\]]*\]|[^:/?#[\]@\s\\]+)$/u.test(text))
    return undefined;
  return URL.parse(`https://${text}/`)?.hostname;
}

function refuse(found: string, expected: string): Refusal {
  return { kind: "refused", found, expected };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/u.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function refuseHost(host: string): Refusal | undefined {
  if (host === "") return refuse("no host", GRAMMAR);
  if (host.startsWith("[")) return undefined;
  const ascii = domainToASCII(host);
  const labels = ascii.replace(/\.$/u, "").split(".");
  if (
    ascii !== "" &&
    ascii.length <= 253 &&
    labels.every((label) => label.length >= 1 && label.length <= 63)
  )
    return undefined;
  return refuse(
    `host ${showText(host)}`,
    "a host name of at most 253 characters in labels of 1 to 63, or an address",
  );
}

/** A URL can't hold a reference, so a token in a query has to move. */
function refuseQuery(rest: string, shown: string): Refusal | undefined {
  const query = rest.slice(rest.indexOf("?") + 1);
  const advice = "no secrets in a URL: send it as a header with { $ref: env:LAMPLIGHTER_SECRET_… }";
  const known = secretLiteral(rest);
  if (known !== undefined) return refuse(shown, advice);
  if (!rest.includes("?")) return undefined;
  for (const [name, value] of new URLSearchParams(query)) {
    if (isCredentialName(name) && credentialLiteral(value) !== undefined) {
      return refuse(`a query parameter ${showText(name)} that looks like a key or token`, advice);
    }
  }
  return undefined;
}
