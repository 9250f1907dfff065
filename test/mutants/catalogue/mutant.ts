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
  /**
   * What finds it. `directed`: a file of tests which does what the guard is for, at the moment that
   * it is for: what a store allows and refuses, or a few collectors with one thing gone wrong.
   */
  readonly by: "model" | "simulation" | "both" | "directed" | "none";
  /** The model's world that it shows in first, or the beginning of its name. */
  readonly world?: string;
  /** Length of the shortest trace, about. */
  readonly steps?: number;
  /** The simulation's seed that it shows in. */
  readonly seed?: number;
  /** The file of tests that it fails; beside a seed: in case what is simulated has changed since. */
  readonly test?: string;
  /** For `none`: why no behaviour changes that anything promises. */
  readonly equivalent?: string;
}

/** Areas whose names are those of the worlds that know most about them. */
export type Area = "leases" | "hand-over" | "requests" | "stores" | "collector";
