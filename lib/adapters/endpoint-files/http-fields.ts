/**
 * The fields of an `http` target as its settings.
 *
 * In:    where it points to, its fields                 Out: HttpSettings, or undefined
 * Holds: undefined only when a problem has been reported. Defaults: GET, time-out 10 s, five
 *        redirects, verified certificates, status 200 to 299.
 */
import type { HttpSettings } from "#domain/http-settings.ts";
import { limits } from "#domain/limits.ts";
import { durationMs } from "#domain/units.ts";
import { readCertificates, type ReadBeside } from "./certificates.ts";
import type { Endpoint } from "./endpoint-key.ts";
import type { Report } from "./problem.ts";
import { readBoolean, readDuration, readField, type Fields } from "./read.ts";
import {
  checkAuthOnce,
  readAuth,
  readHeaders,
  readIpVersion,
  readMethod,
  readProxy,
  readRedirects,
} from "./request-fields.ts";
import { readSecretText } from "./secret-text.ts";
import { show, type SourceNode } from "./source-tree.ts";
import { ASSERTIONS_DEFAULT, readJsonPath, readSuccessTest } from "./success-test.ts";

const TIMEOUT_DEFAULT = durationMs(10_000);

export function readHttp(
  endpoint: Endpoint,
  fields: Fields,
  readBeside: ReadBeside | undefined,
  report: Report,
): HttpSettings | undefined {
  const { host } = endpoint;
  const method = readField(fields, "method", "GET", (node) => readMethod(node, report));
  const headers = readField(fields, "headers", {}, (node) => readHeaders(node, host, report));
  const body = readField(fields, "body", undefined, (node) =>
    readSecretText(node, { name: "body", credential: false, host }, report),
  );
  const auth = readField(fields, "auth", undefined, (node) => readAuth(node, host, report));
  const timeoutMs = readField(fields, "timeout", TIMEOUT_DEFAULT, (node) =>
    readDuration(node, { min: limits.timeoutMinMs, max: limits.timeoutMaxMs }, report),
  );
  const redirectsMax = readRedirects(fields.get("follow_redirects"), report);
  const insecure = readField(fields, "insecure", false, (node) => readBoolean(node, report));
  const ca = readField(fields, "ca", undefined, (node) =>
    readCertificates(node, readBeside, report),
  );
  const ipVersion = readField(fields, "ip_version", undefined, (node) =>
    readIpVersion(node, report),
  );
  const proxy = readField(fields, "proxy", undefined, (node) => readProxy(node, report));
  const keep = readField(fields, "response_json_values", [], (node) => readKeep(node, report));
  const assertions = readField(fields, "success_test", ASSERTIONS_DEFAULT, (node) =>
    readSuccessTest(node, report),
  );
  if (headers !== undefined) checkAuthOnce(fields, headers, report);
  if (
    method === undefined ||
    headers === undefined ||
    timeoutMs === undefined ||
    redirectsMax === undefined
  )
    return undefined;
  if (insecure === undefined || keep === undefined || assertions === undefined) return undefined;
  return {
    kind: "http",
    url: endpoint.url,
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(auth === undefined ? {} : { auth }),
    timeoutMs,
    redirectsMax,
    insecure,
    ...(ca === undefined ? {} : { ca }),
    ...(ipVersion === undefined ? {} : { ipVersion }),
    ...(proxy === undefined ? {} : { proxy }),
    keep,
    assertions,
  };
}

function readKeep(node: SourceNode, report: Report): readonly string[] | undefined {
  if (node.kind !== "list" || node.items.length > limits.keptValuesMax) {
    return report.problem(
      node.place,
      show(node),
      `a list of at most ${limits.keptValuesMax} paths, e.g. [status, app.version]`,
    );
  }
  const paths = node.items
    .map((item) => readJsonPath(item, report))
    .filter((path) => path !== undefined);
  return paths.length < node.items.length ? undefined : [...new Set(paths)];
}
