/**
 * The three kinds of exception. Everything expected is a return value instead.
 *
 * - InvalidInputError: somebody outside gave us something we refuse; says where, found, expected.
 * - DependencyError: a store or a network failed; thrown by adapters only, keeps its cause.
 * - InvariantError: what must never happen has happened; the item fails and a person looks.
 * Source: STYLE, section 5.
 */

/** Where the refused input stands, in words a person can follow: `web.yml:12:5` or `--since`. */
export interface InputPlace {
  readonly where: string;
  readonly found: string;
  readonly expected: string;
}

export class InvalidInputError extends Error {
  override readonly name = "InvalidInputError";
  readonly place: InputPlace;

  constructor(place: InputPlace, options?: ErrorOptions) {
    super(`${place.where}: found ${place.found}, expected ${place.expected}`, options);
    this.place = place;
  }
}

export class DependencyError extends Error {
  override readonly name = "DependencyError";
  /** Whether the same call may succeed later without anyone acting. */
  readonly retryable: boolean;

  constructor(message: string, options: { readonly retryable: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
  }
}

export class InvariantError extends Error {
  override readonly name = "InvariantError";
}
