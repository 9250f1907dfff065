/**
 * One request of a capture: the first, or one that a redirect asks for.
 *
 * In:    settings, where to, secrets                     Out: Hop, ready for undici
 * Holds: each hop shows only what its place may see (exposure.ts).
 * Source: Fetch standard, "HTTP-redirect fetch" (methods); RFC 9110, section 15.4.
 */
import type { Dispatcher } from "undici";
import type { HttpSettings } from "#domain/http-settings.ts";
import { exposure, type Exposure, type Revealed } from "./exposure.ts";
import { CaptureError } from "./failures.ts";
import { originOf, type Origin } from "./origin.ts";

export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly origin: Origin;
  /** Shared by all captures that send it: undici reads it only. */
  readonly request: Dispatcher.DispatchOptions;
}

export interface Destination {
  readonly settings: HttpSettings;
  /** The target's own URL: secrets and credentials belong to it. */
  readonly home: URL;
  readonly url: URL;
  readonly method: string;
}

const USER_AGENT = "lamplighter/0.1";
/** Methods for which a new connection is made: a stale one could not be told from a failure. */
const REPEATABLE: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PUT",
  "DELETE",
]);

export function isRepeatable(method: string): boolean {
  return REPEATABLE.has(method);
}

export function hopTo(destination: Destination, revealed: Revealed): Hop {
  const { settings, home, url, method } = destination;
  const shown = exposure(home, url, revealed);
  const keepsBody = method === settings.method.toUpperCase();
  const headers = headersFor(settings, shown, keepsBody);
  const origin = originOf(url, settings, headers.get("host")?.[1]);
  const body = keepsBody && settings.body !== undefined ? shown.text(settings.body) : undefined;
  if (keepsBody && settings.body !== undefined && body === undefined) {
    throw new CaptureError("redirects", `the body is a secret that ${url.host} may not see`);
  }
  const path = `${url.pathname}${url.search}`;
  // A proxy wants to know the whole of where to.
  const absolute = origin.proxy !== undefined && !origin.secure;
  return {
    url,
    method,
    origin,
    request: {
      path: absolute ? `${url.origin}${path}` : path,
      method,
      headers: [...headers.values()].flat(),
      body: body ?? null,
      // What may not be repeated gets a connection of its own.
      reset: !isRepeatable(method),
    },
  };
}

function headersFor(
  settings: HttpSettings,
  shown: Exposure,
  keepsBody: boolean,
): ReadonlyMap<string, readonly [name: string, value: string]> {
  const headers = new Map<string, readonly [string, string]>([
    ["user-agent", ["user-agent", USER_AGENT]],
    ["accept", ["accept", "*/*"]],
  ]);
  const authorization = shown.authorization(settings.auth);
  if (authorization !== undefined) {
    headers.set("authorization", ["authorization", authorization]);
  }
  for (const [name, text] of Object.entries(settings.headers)) {
    const key = name.toLowerCase();
    const value = shown.header(key, text);
    if (value === undefined || (!keepsBody && key.startsWith("content-"))) continue;
    headers.set(key, [name, value]);
  }
  return headers;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/** @throws CaptureError `redirects` when the answer leads nowhere that may be followed. */
export function hopAfter(
  from: Hop,
  answer: { readonly status: number; readonly location: string },
  { settings, home }: Pick<Destination, "settings" | "home">,
  revealed: Revealed,
): Hop {
  const url = URL.parse(answer.location, from.url.href);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new CaptureError("redirects", `${placeOf(from.url)} leads to a place that is no URL`);
  }
  url.hash = "";
  url.username = "";
  url.password = "";
  return hopTo({ settings, home, url, method: methodAfter(from.method, answer.status) }, revealed);
}

function methodAfter(method: string, status: number): string {
  if (status === 303 && method !== "HEAD") return "GET";
  return method === "POST" && (status === 301 || status === 302) ? "GET" : method;
}

/** A URL without its query, which may hold what nobody should read. */
export function placeOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
