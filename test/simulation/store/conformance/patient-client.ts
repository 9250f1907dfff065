/**
 * A client that waits as long as it takes and never tries again: on a busy machine a time-out would
 * make a call twice, which is right, and costs other units, and is no difference between two stores.
 */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { NodeHttpHandler } from "@smithy/node-http-handler";

const PATIENCE_MS = 120_000;

export function patientClient(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: PATIENCE_MS,
      requestTimeout: PATIENCE_MS,
      socketTimeout: PATIENCE_MS,
    }),
  });
}
