/**
 * The profile that AWS_PROFILE names, and whether the files have it: of one that they lack the SDK
 * says no more than that it has no credentials, or no region.
 *
 * Fails: never; a file that can't be read has no profiles, as for the SDK.
 * Source: "Shared config and credentials files", AWS SDKs and Tools Reference Guide (read 2026-11).
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { suggest } from "#domain/suggest.ts";

export type ChosenProfile =
  | { readonly kind: "none" }
  | { readonly kind: "there"; readonly name: string }
  | {
      readonly kind: "missing";
      readonly name: string;
      /** Where it was looked for, with the name that was meant, most likely. */
      readonly where: string;
    };

type Environment = Readonly<Record<string, string | undefined>>;

/** @param environment what the SDK reads: the process's own. */
export function chosenProfile(environment: Environment = process.env): ChosenProfile {
  const { AWS_PROFILE: name = "" } = environment;
  if (name === "") return { kind: "none" };
  const config = fileOf(environment["AWS_CONFIG_FILE"], "config");
  const credentials = fileOf(environment["AWS_SHARED_CREDENTIALS_FILE"], "credentials");
  const known = [...sectionsOf(config).flatMap(profileOf), ...sectionsOf(credentials)];
  if (known.includes(name)) return { kind: "there", name };
  const meant = suggest(name, known);
  const hint = meant === undefined ? "" : `: did you mean ${JSON.stringify(meant)}?`;
  return { kind: "missing", name, where: `${config} or ${credentials}${hint}` };
}

function fileOf(named: string | undefined, usual: string): string {
  return named === undefined || named === "" ? join(homedir(), ".aws", usual) : named;
}

const SECTION = /^[ \t]*\[(?<name>[^\]\r\n]*)\]/gmu;

function sectionsOf(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  return [...text.matchAll(SECTION)].flatMap(({ groups }) => groups?.["name"]?.trim() ?? []);
}

/** In the configuration file profiles are `[profile name]`, but for `[default]`. */
function profileOf(section: string): readonly string[] {
  if (section === "default") return [section];
  const name = /^profile\s+(?<quote>["']?)(?<name>.+)\k<quote>$/u.exec(section)?.groups?.["name"];
  return name === undefined ? [] : [name];
}
