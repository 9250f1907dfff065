/** Errors as the SDK throws them. */
import {
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  IdempotentParameterMismatchException,
  InternalServerError,
  ProvisionedThroughputExceededException,
  TransactionCanceledException,
  TransactionConflictException,
  TransactionInProgressException,
  type AttributeValue,
  type CancellationReason,
} from "@aws-sdk/client-dynamodb";

const BAD_REQUEST = { $metadata: { httpStatusCode: 400 } } as const;
const SERVER_FAULT = { $metadata: { httpStatusCode: 500 } } as const;

/** The SDK has no class of its own for it. */
export function validation(message: string): DynamoDBServiceException {
  return new DynamoDBServiceException({
    name: "ValidationException",
    $fault: "client",
    message,
    ...BAD_REQUEST,
  });
}

/** @param item what refused it, where the caller asked for it. */
export function conditionFailed(item?: Record<string, AttributeValue>): Error {
  return new ConditionalCheckFailedException({
    message: "The conditional request failed",
    ...BAD_REQUEST,
    ...(item !== undefined && { Item: item }),
  });
}

export function cancelled(reasons: CancellationReason[]): Error {
  const codes = reasons.map(({ Code }) => Code ?? "None").join(", ");
  return new TransactionCanceledException({
    message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    ...BAD_REQUEST,
    CancellationReasons: reasons,
  });
}

export function conflict(): Error {
  return new TransactionConflictException({
    message: "Transaction is ongoing for the item",
    ...BAD_REQUEST,
  });
}

export function inProgress(): Error {
  return new TransactionInProgressException({
    message: "The transaction with the given request token is already in progress",
    ...BAD_REQUEST,
  });
}

export function otherContent(): Error {
  return new IdempotentParameterMismatchException({
    message: "The request uses the same client token as a previous, but non-identical request",
    ...BAD_REQUEST,
  });
}

export function throttled(): Error {
  return new ProvisionedThroughputExceededException({
    message: "The level of configured provisioned throughput for the table was exceeded",
    ...BAD_REQUEST,
  });
}

export function serverFault(): Error {
  return new InternalServerError({ message: "Internal server error", ...SERVER_FAULT });
}

/** As Node's HTTP handler of the SDK words it. */
export function timedOut(ms: number): Error {
  return named("TimeoutError", `Request timed out after ${ms} ms`);
}

export function connectionReset(): Error {
  return Object.assign(named("TimeoutError", "read ECONNRESET"), { code: "ECONNRESET" });
}

export function connectionRefused(): Error {
  return Object.assign(named("TimeoutError", "connect ECONNREFUSED"), { code: "ECONNREFUSED" });
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
