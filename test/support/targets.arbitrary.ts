/** Arbitrary targets: every field, present and absent, for properties of what targets go through. */
import fc from "fast-check";
import { cron, every, type Cadence } from "#domain/cadence.ts";
import type { Assertion, HttpAuth, HttpSettings, SecretText } from "#domain/http-settings.ts";
import type { Target } from "#domain/target.ts";
import { durationMs, epochMs } from "#domain/units.ts";

/** Plain objects, as JSON gives them. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const secret: fc.Arbitrary<SecretText> = fc.oneof(
  text,
  record({ $ref: fc.constant("env:LAMPLIGHTER_SECRET_X") }),
  record({
    $ref: fc.constant("env:LAMPLIGHTER_SECRET_X"),
    hosts: fc.array(fc.domain(), { maxLength: 2 }),
  }),
);
const scalar = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));
const op = fc.constantFrom(
  "==" as const,
  "!=" as const,
  "<" as const,
  "<=" as const,
  ">" as const,
  ">=" as const,
);
const code = fc.integer({ min: 100, max: 599 });
const assertion: fc.Arbitrary<Assertion> = fc.oneof(
  record({
    kind: fc.constant("status" as const),
    allowed: fc.array(fc.oneof(code, fc.tuple(code, code)), { minLength: 1, maxLength: 3 }),
  }),
  record({ kind: fc.constant("json" as const), path: text, op, value: scalar }),
  record({ kind: fc.constant("json-matches" as const), path: text, pattern: text }),
  record({ kind: fc.constant("body-matches" as const), pattern: text }),
  record({ kind: fc.constant("header" as const), name: text, op, value: text }),
  record({ kind: fc.constant("header-matches" as const), name: text, pattern: text }),
  record({ kind: fc.constant("latency" as const), op, value: fc.nat().map(durationMs) }),
  record({ kind: fc.constant("certificate-days" as const), op, value: fc.nat() }),
);
const auth: fc.Arbitrary<HttpAuth> = fc.oneof(
  record({ kind: fc.constant("basic" as const), username: secret, password: secret }),
  record({ kind: fc.constant("bearer" as const), token: secret }),
);
const named = (value: fc.Arbitrary<SecretText>): fc.Arbitrary<Record<string, SecretText>> =>
  fc.dictionary(text, value, { maxKeys: 3, noNullPrototype: true });

export const httpSettings: fc.Arbitrary<HttpSettings> = fc.record(
  {
    kind: fc.constant("http" as const),
    url: fc.webUrl(),
    method: fc.constantFrom("GET", "POST"),
    headers: named(secret),
    body: secret,
    auth,
    timeoutMs: fc.constantFrom(50, 10_000, 60_000).map(durationMs),
    redirectsMax: fc.constantFrom(0, 5, 20),
    insecure: fc.boolean(),
    ca: text,
    ipVersion: fc.constantFrom(4 as const, 6 as const),
    proxy: fc.constant("http://p.example:3128"),
    keep: fc.array(text, { maxLength: 3 }),
    assertions: fc.oneof(
      fc.constant<Assertion[]>([{ kind: "status", allowed: [[200, 299]] }]),
      fc.array(assertion, { minLength: 1, maxLength: 4 }),
    ),
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      "kind",
      "url",
      "method",
      "headers",
      "timeoutMs",
      "redirectsMax",
      "insecure",
      "keep",
      "assertions",
    ],
  },
);

const cadence: fc.Arbitrary<Cadence> = fc.oneof(
  fc.integer({ min: 1_000, max: 86_400_000 }).map((period) => every(period)),
  fc.constantFrom(cron("* * * * *"), cron("0 8 * * 1-5", "Europe/Berlin", 0)),
);

export const target: fc.Arbitrary<Target> = fc.record(
  {
    id: fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
    pool: fc.constantFrom("main", "eu-1"),
    name: text,
    probe: fc.oneof(httpSettings, fc.constant({ kind: "noop" as const })),
    cadence,
    policy: fc.constantFrom("alerting" as const, "standard" as const),
    tags: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
    revision: text,
    registeredAt: fc.nat().map(epochMs),
  },
  {
    noNullPrototype: true,
    requiredKeys: ["id", "pool", "probe", "cadence", "tags", "revision", "registeredAt"],
  },
);
