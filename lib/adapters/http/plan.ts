/**
 * A target's settings, made ready once for all its captures: what is sent, what is looked at.
 *
 * In:    HttpSettings                                    Out: Plan, or the failure it always is
 * Holds: a plan holds no secret; what holds one is made for one capture.
 */
import { compileAssertion, type CompiledAssertion } from "#domain/assertion.ts";
import { InvalidInputError } from "#domain/errors.ts";
import type { HttpSettings, SecretRef } from "#domain/http-settings.ts";
import { parseJsonPath, type JsonPath } from "#domain/json-path.ts";
import type { Failure } from "#domain/sample.ts";
import { NOTHING_REVEALED, secretRefs } from "./exposure.ts";
import { hopTo, isRepeatable, type Hop } from "./hop.ts";

export interface Plan {
  readonly kind: "plan";
  readonly settings: HttpSettings;
  readonly url: URL;
  readonly method: string;
  readonly secrets: readonly SecretRef[];
  /** What is sent first; undefined when it holds a secret and is made anew for each capture. */
  readonly first: Hop | undefined;
  /** Those that need only the head come first, those about the whole time last. */
  readonly assertions: readonly CompiledAssertion[];
  readonly keep: readonly { readonly name: string; readonly path: JsonPath }[];
  readonly needsBody: boolean;
  /** Whether the request may be sent twice. */
  readonly repeatable: boolean;
}

export type PlanResult = Plan | { readonly kind: "unusable"; readonly failure: Failure };

// A collector keeps its targets; when it drops one, the plan goes too.
const plans = new WeakMap<HttpSettings, PlanResult>();

export function planOf(settings: HttpSettings): PlanResult {
  const known = plans.get(settings);
  if (known !== undefined) return known;
  const made = makePlan(settings);
  plans.set(settings, made);
  return made;
}

function makePlan(settings: HttpSettings): PlanResult {
  try {
    const url = new URL(settings.url);
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      return unusable(`the URL's scheme is ${url.protocol} instead of http: or https:`);
    }
    const secrets = secretRefs(settings);
    const assertions = settings.assertions.map((one) => compileAssertion(one)).sort(byCost);
    const keep = settings.keep.map((name) => ({ name, path: parseJsonPath(name, "keep") }));
    const method = settings.method.toUpperCase();
    const first =
      secrets.length === 0
        ? hopTo({ settings, home: url, url, method }, NOTHING_REVEALED)
        : undefined;
    return {
      kind: "plan",
      settings,
      url,
      method,
      secrets,
      first,
      assertions,
      keep,
      needsBody: keep.length > 0 || assertions.some(({ needs }) => needs === "body"),
      repeatable: isRepeatable(method),
    };
  } catch (error) {
    if (error instanceof InvalidInputError || error instanceof TypeError) {
      return unusable(error.message);
    }
    throw error;
  }
}

function unusable(message: string): PlanResult {
  return { kind: "unusable", failure: { code: "configuration", message } };
}

function byCost(a: CompiledAssertion, b: CompiledAssertion): number {
  return rank(a) - rank(b);
}

function rank({ assertion, needs }: CompiledAssertion): number {
  if (assertion.kind === "status") return 0;
  if (assertion.kind === "latency") return 3;
  return needs === "head" ? 1 : 2;
}
