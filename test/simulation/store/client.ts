/**
 * A client of the simulated tables: it sends, waits, gives an attempt up, and tries again, as the real
 * one does in standard mode.
 *
 * What it sends is what it was given at that moment; what is on its way arrives whatever becomes of
 * the client. Who throttles and what is lost decides the network.
 *
 * Source: @smithy/core 3.41, `StandardRetryStrategy` (a quota of 500 that a retry draws on), its
 *         classification of errors, and DynamoDB's base delay of 25 ms (read 2026-11).
 */
import { TransactionCanceledException, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { limits } from "#domain/limits.ts";
import type { Clock } from "#ports/clock.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import { connectionRefused, connectionReset, serverFault, timedOut } from "./failures.ts";
import type { Network } from "./network.ts";
import { callOf, type Call } from "./operations.ts";
import { conflictOf, throttlingOf, type Answer, type SimulatedTables } from "./service.ts";
import { sentInput } from "./sent.ts";
import { touchedBy } from "./touched.ts";

export interface SimulatedClientOptions {
  readonly tables: SimulatedTables;
  /** The process's: time-outs and back-off run on it. */
  readonly clock: Clock;
  readonly network: Network;
  /** From 0 to 1, exclusive: back-off. */
  readonly random: () => number;
  /** Throttled attempts are counted, as lib/adapters/dynamodb/throttling.ts does. */
  readonly meter?: Pick<CapacityMeter, "throttle">;
}

const DELAY_MS = 25;
const THROTTLED_DELAY_MS = 1_000;
const DELAY_MAX_MS = 20_000;
const QUOTA = 500;
const COST = 14;
const THROTTLED_COST = 5;
const REGAINED = 1;

export function simulatedClient(options: SimulatedClientOptions): DynamoDBClient {
  const { tables, clock, network, random, meter } = options;
  let quota = QUOTA;

  function attempt(call: Call, count: number, settle: (answer: Answer) => void): void {
    const partitions = [...new Set(touchedBy(call).map(partitionName))];
    const fate = network.fate({ operation: call.name, partitions, attempt: count });
    const { thereMs, backMs, fault } = fate;
    let isOver = false;
    const end = (answer: Answer): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      if (isThrottled(answer)) meter?.throttle();
      settle(answer);
    };
    const cancel = clock.after(limits.requestTimeoutMs, () => {
      end(failed(timedOut(limits.requestTimeoutMs)));
    });
    const deliver = network.deliver?.bind(network) ?? ((wake: () => void) => wake());
    const answerIn = (span: number, answer: Answer): void => {
      tables.clock.after(span, () => deliver(() => end(answer)));
    };
    switch (fault) {
      case "lost":
        return;
      case "refused":
        answerIn(thereMs, failed(connectionRefused()));
        return;
      case "throttled":
        answerIn(thereMs + backMs, failed(throttlingOf(call)));
        return;
      case "failed":
        answerIn(thereMs + backMs, failed(serverFault()));
        return;
      case "conflict": {
        const error = conflictOf(call);
        if (error === undefined) break;
        answerIn(thereMs + backMs, failed(error));
        return;
      }
      case "late":
      case "answerLost":
      case "answerHeld":
      case undefined:
    }
    tables.clock.after(thereMs, () =>
      tables.arrive(call, (answer) => {
        if (fault === "late" || fault === "answerHeld") return;
        answerIn(backMs, fault === "answerLost" ? failed(connectionReset()) : answer);
      }),
    );
  }

  /** Ms to wait before it is tried again; undefined when it isn't. */
  function retryAfter(error: Error, count: number): number | undefined {
    const kind = retryable(error);
    if (kind === undefined || count >= limits.storeAttemptsMax) return undefined;
    const cost = kind === "throttled" ? THROTTLED_COST : COST;
    if (quota < cost) return undefined;
    quota -= cost;
    const base = kind === "throttled" ? THROTTLED_DELAY_MS : DELAY_MS;
    return Math.floor(random() * Math.min(base * 2 ** (count - 1), DELAY_MAX_MS));
  }

  function send(command: object): Promise<object> {
    const call = sentInput(callOf(command));
    let spent = 0;
    return new Promise((resolve, reject) => {
      const settle =
        (count: number) =>
        (answer: Answer): void => {
          if (answer.kind === "answered") {
            quota = Math.min(QUOTA, quota + (spent === 0 ? REGAINED : spent));
            resolve({ ...answer.output, $metadata: { httpStatusCode: 200, attempts: count } });
            return;
          }
          const before = quota;
          const waitMs = retryAfter(answer.error, count);
          if (waitMs === undefined) {
            reject(answer.error);
            return;
          }
          spent = before - quota;
          clock.after(waitMs, () => attempt(call, count + 1, settle(count + 1)));
        };
      attempt(call, 1, settle(1));
    });
  }

  // The adapters' one use of the client is `send`, with commands that operations.ts knows; the class
  // has private parts that nothing else can have.
  return { send, destroy: () => undefined } as unknown as DynamoDBClient;
}

function failed(error: Error): Answer {
  return { kind: "failed", error };
}

function partitionName({ tableName, partition }: { tableName: string; partition: string }): string {
  return `${tableName}/${partition}`;
}

const THROTTLING = new Set([
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
  "TransactionInProgressException",
]);
const PASSING = new Set(["TimeoutError", "InternalServerError"]);

function retryable(error: Error): "throttled" | "passing" | undefined {
  if (THROTTLING.has(error.name)) return "throttled";
  return PASSING.has(error.name) ? "passing" : undefined;
}

/** As countThrottling sees it. */
function isThrottled(answer: Answer): boolean {
  if (answer.kind === "answered") {
    const { output } = answer;
    return "UnprocessedItems" in output && Object.keys(output.UnprocessedItems ?? {}).length > 0;
  }
  const { error } = answer;
  if (error instanceof TransactionCanceledException) {
    return (error.CancellationReasons ?? []).some(({ Code }) => Code === "ThrottlingError");
  }
  return THROTTLING.has(error.name) && error.name !== "TransactionInProgressException";
}
