/** The secrets that the operator lets collectors read, as resources. */
import { Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";

const PARAMETER = "ssm:";
const SECRET = "secretsmanager:";
/** What Secrets Manager appends to a name. */
const SUFFIX = "-??????";

export function parameterArns(scope: Construct, secrets: readonly string[]): string[] {
  const { partition, region, account } = Stack.of(scope);
  return named(secrets, PARAMETER).map(
    (name) =>
      `arn:${partition}:ssm:${region}:${account}:parameter${name.startsWith("/") ? "" : "/"}${name}`,
  );
}

export function secretArns(scope: Construct, secrets: readonly string[]): string[] {
  const { partition, region, account } = Stack.of(scope);
  return named(secrets, SECRET).map((name) =>
    name.startsWith("arn:")
      ? name
      : `arn:${partition}:secretsmanager:${region}:${account}:secret:${name}${SUFFIX}`,
  );
}

function named(secrets: readonly string[], prefix: string): string[] {
  return secrets
    .filter((secret) => secret.startsWith(prefix))
    .map((secret) => secret.slice(prefix.length));
}
