/**
 * All kinds of references to secrets: in the environment, in Systems Manager, in Secrets Manager.
 *
 * A service's client is loaded when the first of its secrets is asked for.
 *
 * In:    references                                   Out: the secret, or why there is none
 * Holds: no value is ever in a reason, an error or a log; what is kept is in this process's memory,
 *        within the limits of secret-cache.ts.
 * Fails: DependencyError when a service can't be asked now.
 */
import { parseSecretReference } from "#domain/secret-reference.ts";
import type { Clock } from "#ports/clock.ts";
import type { SecretResult, Secrets } from "#ports/secrets.ts";
import { environmentSecrets } from "./environment-secrets.ts";
import type { SecretLookup } from "./lookup.ts";
import { secretCache } from "./secret-cache.ts";

export interface ReferencedSecretsOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

export function referencedSecrets({ environment, clock }: ReferencedSecretsOptions): Secrets {
  const variables = environmentSecrets(environment);
  const parameters = secretCache(
    clock,
    loaded(async () => (await import("./parameters.ts")).parameterLookup()),
  );
  const managed = secretCache(
    clock,
    loaded(async () => (await import("./managed-secrets.ts")).managedSecretLookup()),
  );
  return {
    async find(text) {
      const reference = parseSecretReference(text);
      const shown = JSON.stringify(text.slice(0, 120));
      switch (reference.kind) {
        // The environment says by itself what is wrong with a name.
        case "env":
          return variables.find(text);
        case "refused":
          if (text.startsWith("env:")) return variables.find(text);
          return missing(`${shown} is no reference to a secret: expected ${reference.expected}`);
        case "ssm":
          return named(shown, await parameters(reference.name));
        case "secretsmanager": {
          const whole = named(shown, await managed(reference.id));
          if (whole.kind === "missing" || reference.key === undefined) return whole;
          return valueUnder(reference.key, whole.value, shown);
        }
      }
    },
  };
}

/** The lookup of a service, made with the first call. */
function loaded(load: () => Promise<SecretLookup>): SecretLookup {
  let loading: Promise<SecretLookup> | undefined;
  return async (id) => {
    loading ??= load();
    const look = await loading;
    return look(id);
  };
}

function named(shown: string, result: SecretResult): SecretResult {
  return result.kind === "found" ? result : missing(`${shown} ${result.reason}`);
}

/** Whatever JSON.parse would say about a text that is none may hold some of it. */
function valueUnder(key: string, text: string, shown: string): SecretResult {
  const object = objectIn(text);
  if (object === undefined) return missing(`${shown}: the secret is no JSON object`);
  const name = JSON.stringify(key);
  if (!Object.hasOwn(object, key)) return missing(`${shown}: the secret has no ${name}`);
  const value = object[key];
  if (typeof value === "number" || typeof value === "boolean")
    return { kind: "found", value: String(value) };
  if (typeof value === "string" && value !== "") return { kind: "found", value };
  return missing(`${shown}: what it has under ${name} is no text`);
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    // An object of JSON has texts for keys and nothing else.
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function missing(reason: string): SecretResult {
  return { kind: "missing", reason };
}
