/**
 * A thing to capture on a cadence, as registered.
 *
 * Holds: `id` is the identity; everything else may change at the next registration.
 * Source: DESIGN, sections 1 and 3.
 */
import type { Cadence } from "./cadence.ts";
import type { HttpSettings } from "./http-settings.ts";
import type { PolicyName } from "./policy.ts";
import type { EpochMs } from "./units.ts";

/** What captures, with its settings. `noop` captures nothing at once: for benchmarks and tests. */
export type ProbeSettings = HttpSettings | { readonly kind: "noop" };

export interface Target {
  readonly id: string;
  readonly pool: string;
  readonly name?: string;
  readonly probe: ProbeSettings;
  readonly cadence: Cadence;
  /** The policy that named the cadence, if one did. */
  readonly policy?: PolicyName;
  readonly tags: Readonly<Record<string, string>>;
  /** Fingerprint of all of the above: equal fingerprints are equal targets. */
  readonly revision: string;
  /** When this target was first registered, or its cadence last changed. */
  readonly registeredAt: EpochMs;
}

/** A target as its author wrote it, before the pool knows it. */
export type TargetDefinition = Omit<Target, "pool" | "revision" | "registeredAt">;
