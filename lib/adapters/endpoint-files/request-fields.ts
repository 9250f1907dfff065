/**
 * What is asked: method, headers, body, auth, and how the connection is made.
 *
 * Holds: header names are in lower case, each once; no problem shows the value of a header, of the
 *        body or of auth.
 */
import type { HttpAuth, SecretText } from "#domain/http-settings.ts";
import { limits } from "#domain/limits.ts";
import { suggestion } from "#domain/suggest.ts";
import { parseEndpointKey } from "./endpoint-key.ts";
import type { Report } from "./problem.ts";
import { readFields, readInteger, readText, type Fields } from "./read.ts";
import { isCredentialName } from "./secret-literal.ts";
import { readSecretText } from "./secret-text.ts";
import { describe, show, showText, type SourceEntry, type SourceNode } from "./source-tree.ts";
import { isHeaderName } from "./success-test.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
/** Set by the connection itself; from outside they only break it. */
const HEADERS_REFUSED: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export function readMethod(node: SourceNode, report: Report): string | undefined {
  const text = readText(node, `one of ${METHODS.join(", ")}`, report);
  if (text === undefined) return undefined;
  const method = METHODS.find((known) => known === text.toUpperCase());
  return method ?? report.problem(node.place, show(node), suggestion(text, METHODS));
}

export function readHeaders(
  node: SourceNode,
  host: string,
  report: Report,
): Readonly<Record<string, SecretText>> | undefined {
  if (node.kind !== "map")
    return report.problem(node.place, describe(node), "headers: a map of names and values");
  if (node.entries.length > limits.headersMax)
    return report.problem(node.place, show(node), `at most ${limits.headersMax} headers`);
  const headers = new Map<string, SecretText>();
  for (const { key, keyPlace, value } of node.entries) {
    const name = key.toLowerCase();
    if (!isHeaderName(name)) report.problem(keyPlace, showText(key), "the name of a header");
    else if (HEADERS_REFUSED.has(name))
      report.problem(keyPlace, `header ${name}`, "no such header: the connection sets it itself");
    else if (headers.has(name))
      report.problem(keyPlace, `header ${name} a second time`, "each header once, in any case");
    const text = readSecretText(
      value,
      { name: `header ${showText(key)}`, credential: isCredentialName(name), host },
      report,
    );
    if (typeof text === "string" && !isHeaderValue(text)) {
      report.problem(
        value.place,
        "a header value with a line break, control or non-Latin character",
        "printable characters",
      );
    }
    headers.set(name, text ?? "");
  }
  // Without a prototype that a name could reach.
  return Object.fromEntries(headers);
}

function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/u.test(text);
}

const AUTH = {
  what: "auth",
  known: ["basic", "bearer"],
  synonyms: new Map([
    ["token", "bearer"],
    ["username", "basic"],
    ["password", "basic"],
  ]),
};
const BASIC = {
  what: "basic",
  known: ["username", "password"],
  synonyms: new Map([
    ["user", "username"],
    ["login", "username"],
  ]),
};

export function readAuth(node: SourceNode, host: string, report: Report): HttpAuth | undefined {
  if (node.kind !== "map") return report.problem(node.place, describe(node), AUTH_FORMS);
  const fields = readFields(node, AUTH, report);
  const [basic, bearer] = [fields?.get("basic"), fields?.get("bearer")];
  if (bearer !== undefined && basic === undefined) {
    const token = readSecretText(
      bearer.value,
      { name: "auth.bearer", credential: true, host },
      report,
    );
    return token === undefined ? undefined : { kind: "bearer", token };
  }
  if (basic === undefined || bearer !== undefined) {
    const found = basic === undefined ? "auth of no kind" : "basic and bearer together";
    return report.problem(node.place, found, AUTH_FORMS);
  }
  return readBasic(basic.value, host, report);
}

const AUTH_FORMS = "auth: { basic: { username, password } } or auth: { bearer: … }";

function readBasic(node: SourceNode, host: string, report: Report): HttpAuth | undefined {
  if (node.kind !== "map") return report.problem(node.place, describe(node), AUTH_FORMS);
  const fields = readFields(node, BASIC, report);
  const [user, pass] = [fields?.get("username"), fields?.get("password")];
  if (user === undefined || pass === undefined)
    return report.problem(node.place, "basic without username and password", AUTH_FORMS);
  const username = readSecretText(
    user.value,
    { name: "auth.basic.username", credential: false, host },
    report,
  );
  const password = readSecretText(
    pass.value,
    { name: "auth.basic.password", credential: true, host },
    report,
  );
  return username === undefined || password === undefined
    ? undefined
    : { kind: "basic", username, password };
}

/** Two ways to say who asks would send one of them. */
export function checkAuthOnce(
  fields: Fields,
  headers: Readonly<Record<string, SecretText>>,
  report: Report,
): void {
  const auth = fields.get("auth");
  if (auth !== undefined && Object.hasOwn(headers, "authorization")) {
    report.problem(auth.keyPlace, "auth beside an authorization header", "one of them");
  }
}

const REDIRECTS_DEFAULT = 5;

/** true is five, false none. */
export function readRedirects(field: SourceEntry | undefined, report: Report): number | undefined {
  if (field === undefined) return REDIRECTS_DEFAULT;
  const { value } = field;
  if (value.kind === "scalar" && value.value === true) return REDIRECTS_DEFAULT;
  if (value.kind === "scalar" && value.value === false) return 0;
  if (value.kind === "scalar" && typeof value.value === "number")
    return readInteger(value, { min: 0, max: limits.redirectsMax }, report);
  return report.problem(
    value.place,
    show(value),
    `true, false, or how many at most (0 to ${limits.redirectsMax})`,
  );
}

export function readIpVersion(node: SourceNode, report: Report): 4 | 6 | undefined {
  if (node.kind === "scalar" && (node.value === 4 || node.value === 6)) return node.value;
  return report.problem(node.place, show(node), "4 or 6");
}

export function readProxy(node: SourceNode, report: Report): string | undefined {
  const expected = "a forward proxy as http://host:port, without path and credentials";
  const text = readText(node, expected, report);
  if (text === undefined) return undefined;
  const address = /^http:\/\/([^/?#@]+:\d+)\/?$/u.exec(text)?.[1];
  const endpoint = address === undefined ? undefined : parseEndpointKey(address, "http");
  if (endpoint?.kind === "endpoint") return new URL(endpoint.url).origin;
  const found = text.includes("@") ? "a proxy with credentials" : show(node);
  return report.problem(node.place, found, expected);
}
