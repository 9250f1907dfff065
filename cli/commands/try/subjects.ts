/** What `try` is to capture: a URL, an endpoint's key, or the targets of a file. */
import { existsSync } from "node:fs";
import { InvalidInputError } from "#domain/errors.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { suggestion } from "#domain/suggest.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { parseEndpointFile, type EndpointFile } from "#adapters/endpoint-files/endpoint-file.ts";
import { parseEndpointUrl } from "#adapters/endpoint-files/endpoint-key.ts";
import type { Problem } from "#adapters/endpoint-files/problem.ts";
import { loadEndpointFile } from "../../input/endpoint-file.ts";

export type Subjects =
  | { readonly kind: "targets"; readonly targets: readonly TargetDefinition[] }
  | { readonly kind: "problems"; readonly problems: readonly Problem[] };

/** @throws InvalidInputError for what is neither URL nor file, and for a target that isn't there. */
export async function subjectsOf(subject: string, wanted: string | undefined): Promise<Subjects> {
  const isUrl = /^https?:\/\//iu.test(subject);
  const file = isUrl ? fileFromUrl(subject) : await fileFrom(subject);
  if (file.problems.length > 0) return { kind: "problems", problems: file.problems };
  const targets = file.targets.map(({ target }) => target);
  if (wanted === undefined) return { kind: "targets", targets };
  const chosen = targets.filter(({ id }) => id === wanted);
  if (chosen.length > 0) return { kind: "targets", targets: chosen };
  const expected = suggestion(wanted, targets.map(({ id }) => id)); // prettier-ignore
  throw new InvalidInputError({ where: "--target", found: JSON.stringify(wanted), expected });
}

async function fileFrom(path: string): Promise<EndpointFile> {
  if (existsSync(path)) return loadEndpointFile(path, POLICIES_DEFAULT);
  const expected = "a URL that begins with http:// or https://, or an endpoint file";
  const found = /\.ya?ml$/u.test(path) ? "no such file" : JSON.stringify(path);
  throw new InvalidInputError({ where: "try", found, expected });
}

/** As an endpoint file with only this URL would define it: one set of defaults. */
function fileFromUrl(url: string): EndpointFile {
  const endpoint = parseEndpointUrl(url);
  if (endpoint.kind === "refused") {
    const { found, expected } = endpoint;
    throw new InvalidInputError({ where: "try", found, expected });
  }
  const scheme = /^http:/iu.test(url) ? "http" : "https";
  const text = `${JSON.stringify(url.replace(/^https?:\/\//iu, ""))}:\n  scheme: ${scheme}\n`;
  return parseEndpointFile(url, text, { policies: POLICIES_DEFAULT });
}
