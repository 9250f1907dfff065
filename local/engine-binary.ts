/**
 * Where the DynamoDB-compatible engine is: an endpoint in the environment replaces it, else the
 * binary that npm installed for this platform, else `dynoxide` on the path.
 *
 * Fails: InvalidInputError when there is none; it says what to do.
 */
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { InvalidInputError } from "#domain/errors.ts";

export const STORE_ENDPOINT_KEY = "LAMPLIGHTER_STORE_ENDPOINT";

export type EngineSource =
  | { readonly kind: "endpoint"; readonly endpoint: string }
  | { readonly kind: "binary"; readonly path: string };

export interface EngineSearch {
  readonly environment: NodeJS.ProcessEnv;
  /** Finds a package's manifest, or throws; a test hands in one that finds nothing. */
  readonly resolvePackage?: (specifier: string) => string;
}

/** @throws InvalidInputError when no engine can be found. */
export function findEngine(search: EngineSearch): EngineSource {
  const endpoint = search.environment[STORE_ENDPOINT_KEY];
  if (endpoint !== undefined && endpoint !== "") {
    return { kind: "endpoint", endpoint: checkedEndpoint(endpoint) };
  }
  const path = packaged(search) ?? onPath(search.environment["PATH"] ?? "");
  if (path !== undefined) return { kind: "binary", path };
  throw new InvalidInputError({
    where: "engine",
    found: `no DynamoDB-compatible engine for ${platform()}`,
    expected:
      "one of: the package @dynoxide/linux-x64 (npm ci installs it on Linux x64); " +
      "`dynoxide` on the PATH (npm install --global dynoxide, or cargo install dynoxide); " +
      `${STORE_ENDPOINT_KEY}=http://127.0.0.1:8000 of a DynamoDB Local, or of AWS`,
  });
}

function platform(): string {
  return `${process.platform}-${process.arch}`;
}

function checkedEndpoint(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === "http:" || url?.protocol === "https:") return text;
  throw new InvalidInputError({
    where: STORE_ENDPOINT_KEY,
    found: JSON.stringify(text),
    expected: "an http or https URL such as http://127.0.0.1:8000",
  });
}

function packaged(search: EngineSearch): string | undefined {
  const resolve = search.resolvePackage ?? createRequire(import.meta.url).resolve;
  try {
    const path = join(dirname(resolve(`@dynoxide/${platform()}/package.json`)), "dynoxide");
    return isExecutable(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

function onPath(path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "dynoxide"))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
