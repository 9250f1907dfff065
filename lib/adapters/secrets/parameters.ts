/**
 * Parameters of AWS Systems Manager, decrypted.
 *
 * Loaded when the first is asked for: a collector without such secrets doesn't pay for the client.
 * Fails: DependencyError when the service can't be asked now.
 */
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { missingFor, secretClientSettings, textResult, type SecretLookup } from "./lookup.ts";

export function parameterLookup(): SecretLookup {
  const client = new SSMClient(secretClientSettings());
  return async (name) => {
    try {
      const command = new GetParameterCommand({ Name: name, WithDecryption: true });
      const { Parameter } = await client.send(command);
      return textResult(Parameter?.Value ?? "");
    } catch (cause) {
      return missingFor(`ssm:${name}`, cause);
    }
  };
}
