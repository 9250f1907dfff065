/**
 * Texts that may be secrets: written out, or a reference `{ $ref: env:LAMPLIGHTER_SECRET_X }`.
 *
 * Nothing is resolved here. A reference may be bound to hosts; they must include the target's own,
 * or it could never be sent.
 *
 * Holds: no problem shows a value of these fields, only what kind of value it is.
 * Source: README, "Endpoint files".
 */
import type { SecretText } from "#domain/http-settings.ts";
import { parseSecretReference, SECRET_EXPECTED, SECRET_PREFIX } from "#domain/secret-reference.ts";
import { canonicalHost } from "./endpoint-key.ts";
import type { Place, Report } from "./problem.ts";
import { oneOrList, readFields } from "./read.ts";
import { credentialLiteral, secretLiteral } from "./secret-literal.ts";
import { describe, showText, type SourceNode } from "./source-tree.ts";

export const SECRET_ADVICE = `a reference: { $ref: env:${SECRET_PREFIX}… }`;

export interface SecretField {
  readonly name: string;
  /** Where credentials belong, anything that looks generated is refused. */
  readonly credential: boolean;
  /** Host of the target. */
  readonly host: string;
}

export function readSecretText(
  node: SourceNode,
  field: SecretField,
  report: Report,
): SecretText | undefined {
  if (node.kind === "map") return readReference(node, field, report);
  if (node.kind !== "scalar" || node.value === null) {
    return report.problem(node.place, describe(node), `${field.name}: a text, or ${SECRET_ADVICE}`);
  }
  const text = typeof node.value === "string" ? node.value : node.text;
  const literal = field.credential ? credentialLiteral(text) : secretLiteral(text);
  if (literal !== undefined) {
    return report.problem(
      node.place,
      `${field.name} written out (it looks like ${literal})`,
      `${SECRET_ADVICE}, so that no file holds it`,
    );
  }
  if (field.credential && /\$\{\w+\}|^\$\w+$/u.test(text)) {
    return report.problem(
      node.place,
      `${field.name} with a variable in it`,
      `${SECRET_ADVICE}: variables in texts are not replaced`,
    );
  }
  return text;
}

function readReference(
  node: SourceNode,
  field: SecretField,
  report: Report,
): SecretText | undefined {
  const fields = readFields(node, { what: "a reference", known: ["$ref", "hosts"] }, report);
  const reference = fields?.get("$ref");
  // An unknown field has been reported, and is likelier to be the reason.
  if (node.kind === "map" && fields !== undefined && node.entries.length > fields.size)
    return undefined;
  if (fields === undefined || reference === undefined) {
    return report.problem(
      node.place,
      `a map without $ref`,
      `${field.name}: a text, or ${SECRET_ADVICE}`,
    );
  }
  const $ref = readName(reference.value, report);
  const hosts = fields.get("hosts");
  if (hosts === undefined) return $ref === undefined ? undefined : { $ref };
  const bound = readHosts(hosts.value, field.host, report);
  return $ref === undefined || bound === undefined ? undefined : { $ref, hosts: bound };
}

function readName(node: SourceNode, report: Report): string | undefined {
  if (node.kind !== "scalar" || typeof node.value !== "string")
    return report.problem(node.place, describe(node), SECRET_EXPECTED);
  const reference = parseSecretReference(node.value);
  if (reference.kind !== "refused") return node.value;
  return report.problem(node.place, shownReference(node.value), reference.expected);
}

/** Somebody may have written the secret itself: shown is only what looks like a reference. */
function shownReference(text: string): string {
  if (/^(?:env|ssm|secretsmanager):/u.test(text)) return showText(text);
  if (!text.includes(":")) return "a text";
  const literal = credentialLiteral(text);
  return literal === undefined ? showText(text) : `a text that looks like ${literal}`;
}

const HOSTS_MAX = 20;

function readHosts(node: SourceNode, own: string, report: Report): readonly string[] | undefined {
  const hosts: string[] = [];
  for (const item of oneOrList(node)) {
    const text = item.kind === "scalar" && typeof item.value === "string" ? item.value : "";
    const host = canonicalHost(text);
    if (host === undefined)
      return refuseHosts(item.place, text === "" ? describe(item) : showText(text), report);
    hosts.push(host);
  }
  if (hosts.length === 0 || hosts.length > HOSTS_MAX)
    return refuseHosts(node.place, `${hosts.length} hosts`, report);
  if (hosts.includes(own)) return hosts;
  return report.problem(
    node.place,
    `a secret for ${hosts.join(", ")}`,
    `hosts that include the target's own, ${own}`,
  );
}

function refuseHosts(place: Place, found: string, report: Report): readonly string[] | undefined {
  return report.problem(place, found, `1 to ${HOSTS_MAX} host names, without scheme and port`);
}
