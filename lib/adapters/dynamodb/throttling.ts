/**
 * Counts what the store throttled, attempt by attempt: those that the SDK tries again itself too,
 * which nobody else ever hears of.
 *
 * An attempt counts once when it was refused for its rate, when a transaction was cancelled for that
 * reason, or when a batch was taken only in part.
 *
 * Holds: changes no answer and no error.
 * Source: "Error handling with DynamoDB" and "BatchWriteItem" (unprocessed items are those above the
 *         throughput), Amazon DynamoDB Developer Guide and API reference (read 2026-11).
 */
import { TransactionCanceledException, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { CapacityMeter } from "#ports/meter.ts";
import { failureName } from "../aws-failure.ts";

const THROTTLED = new Set([
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ThrottlingException",
  "ThrottlingError",
]);
/** Of a cancelled transaction. */
const THROTTLED_REASONS = new Set(["ProvisionedThroughputExceeded", "ThrottlingError"]);

export function countThrottling(client: DynamoDBClient, meter: CapacityMeter): void {
  client.middlewareStack.add(
    (next) => async (request) => {
      try {
        const answer = await next(request);
        if (isTakenInPart(answer.output)) meter.throttle();
        return answer;
      } catch (error) {
        if (isThrottled(error)) meter.throttle();
        throw error;
      }
    },
    // Below the SDK's own retries, which are in this step with a high priority: seen once an attempt.
    { step: "finalizeRequest", priority: "low", name: "throttlingCount" },
  );
}

function isThrottled(error: unknown): boolean {
  if (error instanceof TransactionCanceledException) {
    return (error.CancellationReasons ?? []).some(({ Code }) => THROTTLED_REASONS.has(Code ?? ""));
  }
  return THROTTLED.has(failureName(error));
}

function isTakenInPart(output: object): boolean {
  if (!("UnprocessedItems" in output)) return false;
  const left = output.UnprocessedItems;
  return typeof left === "object" && left !== null && Object.keys(left).length > 0;
}
