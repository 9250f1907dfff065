/**
 * Where metrics go, from one text: a file in the folder of a `file:` URL, or `cloudwatch:Namespace`.
 *
 * Source: "PutMetricData", Amazon CloudWatch API reference (a namespace's characters; read 2026-11).
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type MetricsLocation =
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "cloudwatch"; readonly namespace: string };

export const METRICS_LOCATION_EXPECTED = "a file: URL of a folder, or cloudwatch:<namespace>";

/** In the folder of a `file:` location. */
export const METRICS_FILE = "metrics.jsonl";

const SCHEME = "cloudwatch:";
/** What begins with "AWS/" is Amazon's own, and PutMetricData refuses it. */
const NAMESPACE = /^(?!AWS\/|:)[A-Za-z0-9._\-/#:]{1,255}$/u;

/** undefined for what is neither: the caller knows what it is called there. */
export function parseMetricsLocation(text: string): MetricsLocation | undefined {
  if (text.startsWith(SCHEME)) {
    const namespace = text.slice(SCHEME.length);
    return NAMESPACE.test(namespace) ? { kind: "cloudwatch", namespace } : undefined;
  }
  const url = URL.parse(text);
  if (url?.protocol !== "file:" || (url.host !== "" && url.host !== "localhost")) return undefined;
  try {
    return { kind: "file", file: join(fileURLToPath(url), METRICS_FILE) };
  } catch {
    return undefined; // An escaped slash, for example.
  }
}
