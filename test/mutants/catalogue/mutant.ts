/** One single change to a shipped file that breaks a promise of the protocol, unless it is proven not to. */

export interface Mutant {
  /** Unique, in words: `give-without-giver-version`. */
  readonly id: string;
  /** From the root of the checkout: `lib/domain/lease.ts`. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** What was changed, and what then goes wrong, in one sentence. */
  readonly why: string;
  readonly expected: Expected;
}

export interface Expected {
  readonly by: "model" | "simulation" | "both" | "none";
  /** The model's world that it shows in first, or the beginning of its name. */
  readonly world?: string;
  /** Length of the shortest trace, about. */
  readonly steps?: number;
  /** For `none`: why no behaviour changes that anything promises. */
  readonly equivalent?: string;
}

/** Areas whose names are those of the worlds that know most about them. */
export type Area = "leases" | "hand-over" | "requests" | "stores" | "collector";
