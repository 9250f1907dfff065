/**
 * Secrets by reference: looked up when they are needed, never kept, logged or shown.
 *
 * Fails: DependencyError when the place where secrets are kept can't be asked.
 */

export type SecretResult =
  | { readonly kind: "found"; readonly value: string }
  /** `reason` names the reference and what is wrong with it, never a value. */
  | { readonly kind: "missing"; readonly reason: string };

export interface Secrets {
  /** @param reference as in `$ref`, e.g. `env:LAMPLIGHTER_SECRET_TOKEN`. */
  find(reference: string): Promise<SecretResult>;
}
