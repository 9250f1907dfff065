/**
 * Secrets from environment variables: `env:NAME`, for names that begin with LAMPLIGHTER_SECRET_.
 *
 * A function's environment also holds its role's keys: without the prefix, whoever registers a
 * target could have them sent anywhere.
 *
 * In:    an environment, references                      Out: the secret, or why there is none
 * Holds: no variable without the prefix is ever read.
 */
import { SECRET_PREFIX } from "#domain/secret-reference.ts";
import type { SecretResult, Secrets } from "#ports/secrets.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export function environmentSecrets(environment: Environment): Secrets {
  return { find: (reference) => Promise.resolve(lookUp(environment, reference)) };
}

function lookUp(environment: Environment, reference: string): SecretResult {
  const name = /^env:([A-Za-z_]\w*)$/u.exec(reference)?.[1];
  const shown = JSON.stringify(reference.slice(0, 80));
  if (name === undefined) {
    const reason = `${shown} is no reference to a secret: expected env:${SECRET_PREFIX}NAME`;
    return { kind: "missing", reason };
  }
  if (!name.startsWith(SECRET_PREFIX)) {
    const reason = `${shown} is not resolved: its name must begin with ${SECRET_PREFIX}`;
    return { kind: "missing", reason };
  }
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (value === undefined || value === "") {
    return { kind: "missing", reason: `${shown} is not set in the environment` };
  }
  return { kind: "found", value };
}
