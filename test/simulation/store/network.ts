/**
 * What lies between a client and the store: how long an attempt takes, and what goes wrong with it.
 *
 * Each attempt of a call asks once, before it is sent; the same question in the same state must get
 * the same answer, so that a seed replays.
 */
import type { Operation } from "./operations.ts";

/**
 * What happens to one attempt, beside taking its time.
 *
 * - refused       the connection is refused after `thereMs`: a store that can't be reached
 * - lost          the request never arrives; nothing answers; the client times out
 * - late          as `lost` for the client, but the request does arrive, after `thereMs`: after the
 *                 client gave the attempt up when that is longer than its time-out
 * - answerLost    applied; then the connection is reset instead of an answer (applied but errored)
 * - answerHeld    applied; no answer ever comes; the client times out
 * - throttled     not applied: the partition takes no more at the moment
 * - conflict      not applied: a transaction is under way on the item (of reads: nothing happens)
 * - failed        not applied: the service answers 500
 */
export type Fault =
  "refused" | "lost" | "late" | "answerLost" | "answerHeld" | "throttled" | "conflict" | "failed";

export interface Fate {
  /** From the client to the store. May be longer than the client's time-out: a late write. */
  readonly thereMs: number;
  /** From the store to the client. */
  readonly backMs: number;
  readonly fault?: Fault;
}

/** One attempt of one call, as the network sees it. */
export interface Attempt {
  readonly operation: Operation;
  /** Every partition touched, as `<table>/<partition key's value>`. */
  readonly partitions: readonly string[];
  /** Counts from 1. */
  readonly attempt: number;
}

export interface Network {
  fate(attempt: Attempt): Fate;
  /**
   * Hands an answer (or a reset connection) to the client's process: at once, when it thaws, or
   * never when it is gone. Without it answers are delivered at once.
   */
  deliver?(wake: () => void): void;
}

/** Everything arrives at once, nothing is lost. */
export const perfectNetwork: Network = { fate: () => ({ thereMs: 0, backMs: 0 }) };
