/** Randomness, as a dependency: unique names that nobody else has. */
import type { Owner } from "#domain/lease.ts";

export interface Ids {
  /** At least 96 random bits, in characters that are safe in keys and file names. */
  owner(): Owner;
  stamp(): string;
}
