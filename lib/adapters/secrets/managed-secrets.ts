/**
 * Secrets of AWS Secrets Manager, in their current version.
 *
 * Loaded when the first is asked for: a collector without such secrets doesn't pay for the client.
 * Fails: DependencyError when the service can't be asked now.
 */
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { missingFor, secretClientSettings, textResult, type SecretLookup } from "./lookup.ts";

export function managedSecretLookup(): SecretLookup {
  const client = new SecretsManagerClient(secretClientSettings());
  return async (id) => {
    try {
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: id }));
      return textResult(SecretString);
    } catch (cause) {
      return missingFor(`secretsmanager:${id}`, cause);
    }
  };
}
