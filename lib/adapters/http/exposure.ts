/**
 * Which texts may be sent where: secrets to the hosts they are bound to, credentials to the host
 * they were written for.
 *
 * Holds: no secret goes to a host that it isn't bound to, nor from https down to http; a target's
 *        own credentials stay with its own host across redirects.
 */
import type { HttpAuth, HttpSettings, SecretRef, SecretText } from "#domain/http-settings.ts";
import { plainName } from "./guard.ts";
import { portOf } from "./origin.ts";

/** Secrets of one capture, by reference. */
export type Revealed = ReadonlyMap<string, string>;

export const NOTHING_REVEALED: Revealed = new Map();

/** Headers that carry credentials even when they are written out. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "host",
]);

/** Every reference in the settings, once. */
export function secretRefs(settings: HttpSettings): readonly SecretRef[] {
  const texts = [...Object.values(settings.headers), settings.body, ...authTexts(settings.auth)];
  return texts.filter((text): text is SecretRef => typeof text === "object");
}

function authTexts(auth: HttpAuth | undefined): readonly SecretText[] {
  switch (auth?.kind) {
    case undefined:
      return [];
    case "basic":
      return [auth.username, auth.password];
    case "bearer":
      return [auth.token];
  }
}

/** What of one target may be shown to `to`, when the target itself is at `home`. */
export interface Exposure {
  text(text: SecretText): string | undefined;
  header(name: string, value: SecretText): string | undefined;
  /** Value of the header `authorization`. */
  authorization(auth: HttpAuth | undefined): string | undefined;
}

export function exposure(home: URL, to: URL, revealed: Revealed): Exposure {
  const own = isSamePlace(home, to);
  const text = (value: SecretText): string | undefined => {
    if (typeof value === "string") return value;
    return isBound(value, home, to) ? revealed.get(value.$ref) : undefined;
  };
  return {
    text,
    header: (name, value) =>
      typeof value === "string" && CREDENTIALS.has(name.toLowerCase()) && !own
        ? undefined
        : text(value),
    authorization: (auth) => {
      if (auth === undefined) return undefined;
      const texts = authTexts(auth);
      if (!own && texts.every((part) => typeof part === "string")) return undefined;
      const [first, second] = texts.map(text);
      if (auth.kind === "bearer") return first === undefined ? undefined : `Bearer ${first}`;
      if (first === undefined || second === undefined) return undefined;
      return `Basic ${Buffer.from(`${first}:${second}`).toString("base64")}`;
    },
  };
}

/** Same scheme, host and port; or the usual step from http to https of one host. */
function isSamePlace(home: URL, to: URL): boolean {
  if (home.origin === to.origin) return true;
  const upgraded = home.protocol === "http:" && to.protocol === "https:";
  return upgraded && home.hostname === to.hostname && home.port === "" && to.port === "";
}

/** Whether a secret of a target at `home` may be sent to `to`. */
export function isBound(ref: SecretRef, home: URL, to: URL): boolean {
  if (home.protocol === "https:" && to.protocol === "http:") return false;
  if (ref.hosts === undefined || ref.hosts.length === 0) return isSamePlace(home, to);
  const name = plainName(to.hostname);
  const place = `${name}:${portOf(to)}`;
  return ref.hosts.some((host) => plainName(host) === name || host.toLowerCase() === place);
}

/** Takes every secret, in the forms in which we send or could get it back, out of a text. */
export function redactor(revealed: Revealed, settings: HttpSettings): (text: string) => string {
  if (revealed.size === 0) return (text) => text;
  const home = new URL(settings.url);
  const values = [...revealed.values()];
  const basic = exposure(home, home, revealed).authorization(settings.auth);
  if (basic !== undefined) values.push(basic.replace(/^\w+ /u, ""));
  const forms = values.flatMap((value) => [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
  ]);
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((left, form) => left.replaceAll(form, "[secret]"), text);
}
