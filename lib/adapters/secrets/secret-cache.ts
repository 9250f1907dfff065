/**
 * What was looked up, for a while.
 *
 *     fresh --refreshAfter: asked for again, in the background--> fresh, or as it was
 *     fresh or failed --its age is up--> looked up, and waited for
 *
 * Holds: a value is used for `limits.secretAgeMaxMs` at most, a failure for
 *        `limits.secretFailureAgeMs`; one lookup of one secret at a time, `limits.secretsAtOnceMax`
 *        in all; at most `limits.secretsCachedMax` are kept, the longest unused are forgotten first.
 * Fails: with what the lookup failed with, also when that is remembered.
 */
import { limits } from "#domain/limits.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { SecretResult } from "#ports/secrets.ts";
import { gate } from "../gate.ts";
import type { SecretLookup } from "./lookup.ts";

type Outcome =
  | { readonly kind: "answered"; readonly result: SecretResult }
  | { readonly kind: "failed"; readonly error: unknown };

interface Kept {
  readonly outcome: Outcome;
  readonly at: EpochMs;
  /** When it was asked for again last, and to no avail. */
  askedAt: EpochMs;
}

export function secretCache(clock: Clock, look: SecretLookup): SecretLookup {
  // In the order of their last use.
  const kept = new Map<string, Kept>();
  const underWay = new Map<string, Promise<Outcome>>();
  const turns = gate(limits.secretsAtOnceMax);

  function ask(id: string): Promise<Outcome> {
    const asked = underWay.get(id);
    if (asked !== undefined) return asked;
    const asking = turns(() => outcomeOf(look, id)).then((outcome) => {
      underWay.delete(id);
      keep(id, outcome);
      return outcome;
    });
    underWay.set(id, asking);
    return asking;
  }

  function keep(id: string, outcome: Outcome): void {
    const at = clock.now();
    const known = kept.get(id);
    if (!isFound(outcome) && known !== undefined && isFound(known.outcome) && isUsable(known, at)) {
      known.askedAt = at;
      return;
    }
    kept.delete(id);
    kept.set(id, { outcome, at, askedAt: at });
    for (const oldest of kept.keys()) {
      if (kept.size <= limits.secretsCachedMax) break;
      kept.delete(oldest);
    }
  }

  return async (id) => {
    const now = clock.now();
    const known = kept.get(id);
    if (known === undefined || !isUsable(known, now)) return settled(await ask(id));
    kept.delete(id);
    kept.set(id, known);
    if (isFound(known.outcome) && isToBeRefreshed(known, now)) void ask(id);
    return settled(known.outcome);
  };
}

async function outcomeOf(look: SecretLookup, id: string): Promise<Outcome> {
  try {
    return { kind: "answered", result: await look(id) };
  } catch (error) {
    return { kind: "failed", error };
  }
}

function settled(outcome: Outcome): SecretResult {
  if (outcome.kind === "failed") throw outcome.error;
  return outcome.result;
}

function isFound(outcome: Outcome): boolean {
  return outcome.kind === "answered" && outcome.result.kind === "found";
}

/** A clock that was set back says nothing about age: then it is looked up again. */
function isUsable({ outcome, at }: Kept, now: EpochMs): boolean {
  const age = now - at;
  return age >= 0 && age < (isFound(outcome) ? limits.secretAgeMaxMs : limits.secretFailureAgeMs);
}

function isToBeRefreshed({ at, askedAt }: Kept, now: EpochMs): boolean {
  if (now - at < limits.secretRefreshAfterMs) return false;
  return askedAt === at || now - askedAt >= limits.secretFailureAgeMs;
}
