/**
 * A target as the store keeps it: compact JSON that we write and read ourselves.
 *
 * The record is an array that begins with a version tag; settings that have their default are left
 * out. Reading is on a collector's path whenever a slot is read again: it checks the tag and the
 * outer shape, and trusts what is inside, since only `encodeTarget` writes records.
 *
 * Cost:  parseTarget 1.2 µs for a plain target (162 bytes) and 2.9 µs for a rich one (374 bytes),
 *        of which JSON.parse 0.95 and 1.8; encodeTarget 1.1 and 2.0 (one shared core, November
 *        2026, `node bench/target-record.ts`).
 *
 * In:    Target ⇄ text
 * Holds: parseTarget(encodeTarget(t)) equals t, for every target.
 * Fails: never: a record that can't be read is a value, so that one bad record is skipped and the
 *        slot's others are captured.
 */
import { cadenceKey, parseCadenceKey, type Cadence } from "./cadence.ts";
import { InvalidInputError } from "./errors.ts";
import type { Assertion, HttpAuth, HttpSettings, SecretText } from "./http-settings.ts";
import { isPolicyName } from "./policy.ts";
import type { ProbeSettings, Target } from "./target.ts";
import { durationMs, epochMs } from "./units.ts";

export type ParsedTarget =
  | { readonly kind: "target"; readonly target: Target }
  | { readonly kind: "refused"; readonly reason: string };

/** Raised with every change of the form: a reader refuses what it doesn't know. */
const VERSION = 1;
const LENGTH = 10;

/** `http` settings under one letter each; what has its default is absent. */
interface HttpRecord {
  readonly u: string;
  readonly m?: string;
  readonly h?: Readonly<Record<string, SecretText>>;
  readonly b?: SecretText;
  readonly a?: HttpAuth;
  readonly t?: number;
  readonly r?: number;
  readonly i?: true;
  readonly c?: string;
  readonly v?: 4 | 6;
  readonly p?: string;
  readonly k?: readonly string[];
  readonly s?: readonly Assertion[];
}

// Shared by all targets that have them, and never written to.
const NONE: Readonly<Record<string, never>> = Object.freeze({});
const EMPTY: readonly string[] = Object.freeze([]);
const NOOP: ProbeSettings = Object.freeze({ kind: "noop" });
const DEFAULTS = { method: "GET", timeoutMs: durationMs(10_000), redirectsMax: 5 } as const;
const ASSERTIONS: readonly Assertion[] = Object.freeze([{ kind: "status", allowed: [[200, 299]] }]);
const ASSERTIONS_TEXT = JSON.stringify(ASSERTIONS);

export function encodeTarget(target: Target): string {
  return JSON.stringify([
    VERSION,
    target.id,
    target.pool,
    target.revision,
    target.registeredAt,
    cadenceKey(target.cadence),
    target.policy ?? 0,
    target.name ?? 0,
    isEmpty(target.tags) ? 0 : target.tags,
    target.probe.kind === "noop" ? 0 : encodeHttp(target.probe),
  ]);
}

function encodeHttp(settings: HttpSettings): HttpRecord {
  const {
    url,
    method,
    headers,
    body,
    auth,
    timeoutMs,
    redirectsMax,
    insecure,
    ca,
    ipVersion,
    proxy,
    keep,
    assertions,
  } = settings;
  return {
    u: url,
    ...(method === DEFAULTS.method ? {} : { m: method }),
    ...(isEmpty(headers) ? {} : { h: headers }),
    ...(body === undefined ? {} : { b: body }),
    ...(auth === undefined ? {} : { a: auth }),
    ...(timeoutMs === DEFAULTS.timeoutMs ? {} : { t: timeoutMs }),
    ...(redirectsMax === DEFAULTS.redirectsMax ? {} : { r: redirectsMax }),
    ...(insecure ? { i: true } : {}),
    ...(ca === undefined ? {} : { c: ca }),
    ...(ipVersion === undefined ? {} : { v: ipVersion }),
    ...(proxy === undefined ? {} : { p: proxy }),
    ...(keep.length === 0 ? {} : { k: keep }),
    ...(JSON.stringify(assertions) === ASSERTIONS_TEXT ? {} : { s: assertions }),
  };
}

function isEmpty(record: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(record).length === 0;
}

/** @param where names the record in the reason: its key in the store. */
export function parseTarget(text: string, where: string): ParsedTarget {
  const record = parseArray(text);
  if (record === undefined) return refused(where, "no JSON array", "a target record");
  const [version, id, pool, revision, registeredAt, cadenceText, policy, name, tags, probe] =
    record;
  if (version !== VERSION) return refused(where, `version ${shown(version)}`, `version ${VERSION}`);
  if (record.length !== LENGTH)
    return refused(where, `${record.length} fields`, `${LENGTH} fields`);
  if (typeof id !== "string" || typeof pool !== "string" || typeof revision !== "string") {
    return refused(where, "no texts", "id, pool and revision");
  }
  if (typeof registeredAt !== "number")
    return refused(where, shown(registeredAt), "the moment of registration");
  const cadence = typeof cadenceText === "string" ? cadenceOf(cadenceText) : undefined;
  if (cadence === undefined) return refused(where, shown(cadenceText), "the key of a cadence");
  const policyKnown = typeof policy === "string" && isPolicyName(policy);
  if (policy !== 0 && !policyKnown) return refused(where, shown(policy), "a policy or 0");
  if (name !== 0 && typeof name !== "string") return refused(where, shown(name), "a name or 0");
  if (tags !== 0 && !isRecord(tags)) return refused(where, shown(tags), "tags or 0");
  const settings = probe === 0 ? NOOP : parseHttp(probe);
  if (settings === undefined) return refused(where, shown(probe), "settings of a probe, or 0");
  const target: Target = {
    id,
    pool,
    ...(name === 0 ? {} : { name }),
    probe: settings,
    cadence,
    ...(policyKnown ? { policy } : {}),
    // Written by encodeTarget from such tags.
    tags: tags === 0 ? NONE : (tags as Readonly<Record<string, string>>),
    revision,
    registeredAt: epochMs(registeredAt),
  };
  return { kind: "target", target };
}

function parseHttp(record: unknown): HttpSettings | undefined {
  if (!isRecord(record) || typeof record["u"] !== "string") return undefined;
  // Written by encodeHttp: what is under the version's tag has this form.
  const { u, m, h, b, a, t, r, i, c, v, p, k, s } = record as unknown as HttpRecord;
  return {
    kind: "http",
    url: u,
    method: m ?? DEFAULTS.method,
    headers: h ?? NONE,
    ...(b === undefined ? {} : { body: b }),
    ...(a === undefined ? {} : { auth: a }),
    timeoutMs: t === undefined ? DEFAULTS.timeoutMs : durationMs(t),
    redirectsMax: r ?? DEFAULTS.redirectsMax,
    insecure: i === true,
    ...(c === undefined ? {} : { ca: c }),
    ...(v === undefined ? {} : { ipVersion: v }),
    ...(p === undefined ? {} : { proxy: p }),
    keep: k ?? EMPTY,
    assertions: s ?? ASSERTIONS,
  };
}

function parseArray(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refused(where: string, found: string, expected: string): ParsedTarget {
  return { kind: "refused", reason: `${where}: found ${found}, expected ${expected}` };
}

/** Of texts only their length: a record may hold what nobody should read. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return `a text of ${value.length}`;
  return typeof value === "number" ? String(value) : `a value of type ${typeof value}`;
}

// A pool has few distinct cadences; reading a cron key anew costs 30 times the rest of a record.
const CADENCES_MAX = 1_000;
const cadences = new Map<string, Cadence>();

function cadenceOf(key: string): Cadence | undefined {
  const known = cadences.get(key);
  if (known !== undefined) return known;
  try {
    const cadence = parseCadenceKey(key);
    if (cadences.size >= CADENCES_MAX) cadences.clear();
    cadences.set(key, cadence);
    return cadence;
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}
