/**
 * Where samples are kept, from one text: the folder of a `file:` URL, or `s3://bucket/prefix`.
 *
 * Source: "General purpose bucket naming rules", Amazon S3 User Guide (read 2026-11).
 */
import { fileURLToPath } from "node:url";

export type SamplesLocation =
  | { readonly kind: "file"; readonly root: string }
  | {
      readonly kind: "s3";
      readonly bucket: string;
      /** Without slashes at its ends; empty for none. */
      readonly prefix: string;
    };

export const SAMPLES_LOCATION_EXPECTED = "a file: URL of a folder, or s3://bucket/prefix";

const BUCKET = /^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/u;
/** What needs no escaping anywhere; no empty part, none that leads up. */
const PREFIX = /^(?:(?!\.{1,2}(?:\/|$))[A-Za-z0-9._=-]+(?:\/|$))*$/u;
/** A key has 1,024 bytes; a chunk's own part of it at most 450. */
const PREFIX_CHARS_MAX = 500;

/** undefined for what is neither: the caller knows what it is called there. */
export function parseSamplesLocation(text: string): SamplesLocation | undefined {
  if (text.startsWith("s3://")) return parseObjects(text.slice("s3://".length));
  const url = URL.parse(text);
  if (url?.protocol !== "file:" || (url.host !== "" && url.host !== "localhost")) return undefined;
  try {
    return { kind: "file", root: fileURLToPath(url) };
  } catch {
    return undefined; // An escaped slash, for example.
  }
}

function parseObjects(rest: string): SamplesLocation | undefined {
  const end = rest.indexOf("/");
  const bucket = end < 0 ? rest : rest.slice(0, end);
  const prefix = end < 0 ? "" : rest.slice(end + 1).replace(/\/$/u, "");
  if (!BUCKET.test(bucket) || !PREFIX.test(prefix) || prefix.length > PREFIX_CHARS_MAX)
    return undefined;
  return { kind: "s3", bucket, prefix };
}
