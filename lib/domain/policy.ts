/**
 * Policies: names for cadences that an operator sets in one place.
 *
 * A target names a policy; what it means is looked up when the target is registered, so changing a
 * policy takes effect at the next registration of its targets, from their next round on.
 */
import { every, type Cadence } from "./cadence.ts";
import { InvalidInputError } from "./errors.ts";

export type PolicyName = "alerting" | "standard";
export type Policies = Readonly<Record<PolicyName, Cadence>>;

export const POLICY_NAMES: readonly PolicyName[] = ["alerting", "standard"];

/** alerting every 10 min, standard every 50 min. */
export const POLICIES_DEFAULT: Policies = { alerting: every(600_000), standard: every(3_000_000) };

export function isPolicyName(text: string): text is PolicyName {
  return (POLICY_NAMES as readonly string[]).includes(text);
}

/** @throws InvalidInputError for a name that is no policy. */
export function parsePolicyName(text: string, where = "policy"): PolicyName {
  if (isPolicyName(text)) return text;
  throw new InvalidInputError({
    where,
    found: JSON.stringify(text),
    expected: POLICY_NAMES.join(" or "),
  });
}

/** 0 goes first among rounds that are due at the same moment. */
export function priority(policy: PolicyName | undefined): 0 | 1 {
  return policy === "alerting" ? 0 : 1;
}
