/**
 * What an `http` target asks for and what it must answer: the parsed form of an endpoint's entry.
 *
 * Holds: secrets are references, never values.
 * Source: README, "Endpoint files".
 */
import type { DurationMs } from "./units.ts";

/** `env:LAMPLIGHTER_SECRET_TOKEN`, sent to these hosts only (to the target's own when there are none). */
export interface SecretRef {
  readonly $ref: string;
  readonly hosts?: readonly string[];
}

export type SecretText = string | SecretRef;

export type HttpAuth =
  | { readonly kind: "basic"; readonly username: SecretText; readonly password: SecretText }
  | { readonly kind: "bearer"; readonly token: SecretText };

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** A JSON scalar that an assertion compares with. */
export type Scalar = string | number | boolean | null;

export type Assertion =
  /** Codes and inclusive ranges, e.g. 200 or [200, 299]. */
  | { readonly kind: "status"; readonly allowed: readonly (number | readonly [number, number])[] }
  | {
      readonly kind: "json";
      readonly path: string;
      readonly op: Comparison;
      readonly value: Scalar;
    }
  | { readonly kind: "json-matches"; readonly path: string; readonly pattern: string }
  | { readonly kind: "body-matches"; readonly pattern: string }
  | {
      readonly kind: "header";
      readonly name: string;
      readonly op: Comparison;
      readonly value: string;
    }
  | { readonly kind: "header-matches"; readonly name: string; readonly pattern: string }
  | { readonly kind: "latency"; readonly op: Comparison; readonly value: DurationMs }
  | { readonly kind: "certificate-days"; readonly op: Comparison; readonly value: number };

export interface HttpSettings {
  readonly kind: "http";
  /** Absolute http or https URL, without a fragment and without credentials. */
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, SecretText>>;
  readonly body?: SecretText;
  readonly auth?: HttpAuth;
  /** Total, from the start to the body's last byte. */
  readonly timeoutMs: DurationMs;
  /** Longest chain of redirects; 0 reports the first answer. */
  readonly redirectsMax: number;
  /** Accept certificates that don't verify. */
  readonly insecure: boolean;
  /** PEM certificates to trust instead of the usual ones. */
  readonly ca?: string;
  readonly ipVersion?: 4 | 6;
  /** `http://host:port` of a forward proxy. */
  readonly proxy?: string;
  /** JSON paths whose values are kept with each sample. */
  readonly keep: readonly string[];
  /** All must hold. Never empty: the default is status 200 to 299. */
  readonly assertions: readonly Assertion[];
}
