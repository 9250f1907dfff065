/**
 * One entry as a target: of an endpoint file (its key names the endpoint) or of a bulk file.
 *
 * In:    where it points to, its fields                 Out: a TargetDefinition, "disabled", or undefined
 * Holds: undefined exactly when a problem has been reported; `enabled: false` is checked like the
 *        others. Defaults: https, GET, every 60 s, time-out 10 s, five redirects, status 200–299.
 * Source: README, "Endpoint files".
 */
import { assertTargetId } from "#domain/hash.ts";
import { limits } from "#domain/limits.ts";
import type { Policies } from "#domain/policy.ts";
import type { ProbeSettings, TargetDefinition } from "#domain/target.ts";
import type { ReadBeside } from "./certificates.ts";
import type { Endpoint } from "./endpoint-key.ts";
import { readHttp } from "./http-fields.ts";
import type { Place, Report } from "./problem.ts";
import {
  attempt,
  readBoolean,
  readField,
  readText,
  readWritten,
  type FieldNames,
  type Fields,
} from "./read.ts";
import { readSchedule } from "./schedule-fields.ts";
import { secretLiteral } from "./secret-literal.ts";
import { show, showText, type SourceNode } from "./source-tree.ts";

export const COMMON_FIELDS = [
  "id",
  "name",
  "enabled",
  "cron_schedule",
  "time_zone",
  "spread",
  "cadence",
  "tags",
] as const;
export const HTTP_FIELDS = [
  "scheme",
  "method",
  "headers",
  "body",
  "auth",
  "timeout",
  "follow_redirects",
  "insecure",
  "ca",
  "ip_version",
  "proxy",
  "response_json_values",
  "success_test",
] as const;
/** Recognised, so that files written for them load; not acted on yet. */
export const RESERVED_FIELDS = ["post_endpoint", "post_service", "self"] as const;

export const ENTRY: FieldNames = {
  what: "an endpoint",
  known: [...COMMON_FIELDS, ...HTTP_FIELDS, ...RESERVED_FIELDS],
  synonyms: new Map([
    ["interval", "cadence"],
    ["every", "cadence"],
    ["period", "cadence"],
    ["frequency", "cadence"],
    ["policy", "cadence"],
    ["cron", "cron_schedule"],
    ["schedule", "cron_schedule"],
    ["tz", "time_zone"],
    ["protocol", "scheme"],
    ["labels", "tags"],
    ["expect", "success_test"],
    ["assertions", "success_test"],
    ["conditions", "success_test"],
    ["status", "success_test"],
    ["redirects", "follow_redirects"],
    ["max_redirects", "follow_redirects"],
    ["tls_skip_verify", "insecure"],
    ["insecure_skip_verify", "insecure"],
    ["ca_file", "ca"],
    ["token", "auth"],
    ["basic_auth", "auth"],
    ["bearer_token", "auth"],
    ["disabled", "enabled"],
    ["values", "response_json_values"],
    ["payload", "body"],
    ["verb", "method"],
  ]),
};

export interface EntryOptions {
  readonly policies: Policies;
  /** Reads `ca` files; without it only PEM texts are taken. */
  readonly readBeside?: ReadBeside;
}

/** What an entry captures; its key is the id unless the entry has one. */
export type Subject =
  | { readonly kind: "http"; readonly endpoint: Endpoint; readonly place: Place }
  | { readonly kind: "noop"; readonly place: Place };

export type Entry =
  | { readonly kind: "target"; readonly target: TargetDefinition }
  | { readonly kind: "disabled"; readonly id: string };

export function readEntry(
  subject: Subject,
  fields: Fields,
  options: EntryOptions,
  report: Report,
): Entry | undefined {
  const problemsBefore = report.problems.length;
  for (const name of RESERVED_FIELDS) {
    const field = fields.get(name);
    if (field !== undefined)
      report.notice(field.keyPlace, "reserved", `${name} is not acted on yet`);
  }
  const id = readId(subject, fields, report);
  const name = readName(fields, report);
  const schedule = readSchedule(fields, options.policies, report);
  const tags = readTags(fields.get("tags")?.value, report);
  const probe =
    subject.kind === "noop" ? NOOP : readHttp(subject.endpoint, fields, options.readBeside, report);
  const enabled = readField(fields, "enabled", true, (node) => readBoolean(node, report));
  if (report.problems.length > problemsBefore) return undefined;
  if (id === undefined || schedule === undefined || tags === undefined || probe === undefined)
    return undefined;
  const target: TargetDefinition = {
    id,
    ...(name === undefined ? {} : { name }),
    probe,
    cadence: schedule.cadence,
    ...(schedule.policy === undefined ? {} : { policy: schedule.policy }),
    tags,
  };
  const bytes = Buffer.byteLength(JSON.stringify(target));
  if (bytes > RECORD_BYTES_MAX)
    return report.problem(
      subject.place,
      `a target of ${bytes} bytes`,
      `at most ${RECORD_BYTES_MAX} bytes`,
    );
  return enabled === true ? { kind: "target", target } : { kind: "disabled", id };
}

const NOOP: ProbeSettings = { kind: "noop" };
/** Room for what the pool adds: its name, the revision, the moment of registration. */
const RECORD_BYTES_MAX = limits.targetRecordBytesMax - 1_024;
const NAME_CHARS_MAX = 200;
const TAG_CHARS_MAX = 256;

function readId(subject: Subject, fields: Fields, report: Report): string | undefined {
  const field = fields.get("id");
  if (field === undefined && subject.kind === "noop")
    return report.problem(subject.place, "no id", "an id: it has no URL to be named after");
  const id =
    field === undefined ? undefined : readText(field.value, "a text that names the target", report);
  if (field !== undefined && id === undefined) return undefined;
  const text = id ?? (subject.kind === "http" ? subject.endpoint.key : "");
  if (secretLiteral(text) !== undefined)
    return report.problem(
      field?.value.place ?? subject.place,
      showText(text),
      "an id without secrets",
    );
  const valid = attempt(
    field?.value.place ?? subject.place,
    () => (assertTargetId(text), true),
    report,
  );
  return valid === undefined ? undefined : text;
}

function readName(fields: Fields, report: Report): string | undefined {
  const field = fields.get("name");
  const name = field === undefined ? undefined : readText(field.value, "a text", report);
  if (field === undefined || name === undefined) return undefined;
  if (isLabel(name, NAME_CHARS_MAX) && name !== "") return name;
  return report.problem(
    field.value.place,
    show(field.value),
    `a line of 1 to ${NAME_CHARS_MAX} characters without secrets`,
  );
}

function readTags(
  node: SourceNode | undefined,
  report: Report,
): Readonly<Record<string, string>> | undefined {
  if (node === undefined) return {};
  const expected = `tags: a map of at most ${limits.tagsMax} names and texts, e.g. { team: web }`;
  if (node.kind !== "map" || node.entries.length > limits.tagsMax)
    return report.problem(node.place, show(node), expected);
  const tags: [string, string][] = [];
  for (const { key, keyPlace, value } of node.entries) {
    const text = readWritten(value, "a text", report);
    if (key === "" || !isLabel(key, TAG_CHARS_MAX))
      report.problem(keyPlace, showText(key), `a name of 1 to ${TAG_CHARS_MAX} characters`);
    else if (text !== undefined && !isLabel(text, TAG_CHARS_MAX))
      report.problem(
        value.place,
        show(value),
        `a line of at most ${TAG_CHARS_MAX} characters without secrets`,
      );
    else if (text !== undefined) tags.push([key, text]);
  }
  return Object.fromEntries(tags);
}

// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/u;

function isLabel(text: string, charactersMax: number): boolean {
  if (text.length > charactersMax || !text.isWellFormed() || CONTROL.test(text)) return false;
  return secretLiteral(text) === undefined;
}
