/**
 * How long the steps of one piece of work took: part of what every function reports.
 *
 * Holds: a step's time is counted also when it fails; a name used again adds up.
 */
export interface Steps {
  measure<Result>(step: string, work: () => Promise<Result>): Promise<Result>;
  /** Milliseconds by step, in the order in which they first began. */
  durationsMs(): Readonly<Record<string, number>>;
}
