/** Random requests, sent to the local engine and to the simulated tables, and compared. */
import { epochMs } from "#domain/units.ts";
import type { TableNames } from "#adapters/dynamodb/tables.ts";
import { seededRandom } from "#test/support/rehearsal-random.ts";
import { simulatedTables, type Call, type SimulatedTables } from "../index.ts";
import type { Rules } from "../rules.ts";
import { keyNamesOf } from "../table.ts";
import { PARTITIONS, sequence, type Space } from "./calls.ts";
import { engineRules } from "./known.ts";
import { isSame, outcomeOf, refusalOf, type Outcome } from "./outcome.ts";
import type { Wire } from "./wire.ts";

export interface Difference {
  readonly kind: "requests" | "stores";
  readonly sequence: number;
  readonly call: unknown;
  readonly engine: unknown;
  readonly simulated: unknown;
}

export interface Compared {
  readonly operations: number;
  /** What calls came to, e.g. `UpdateItem ConditionalCheckFailedException`: what was compared at all. */
  readonly outcomes: readonly string[];
  readonly difference?: Difference;
}

export interface ComparedEngine {
  readonly wire: Wire;
  readonly tables: TableNames;
}

const LENGTH_MIN = 6;
const LENGTH_SPREAD = 14;
/** So that neighbouring seeds share no sequence. */
const SEQUENCES_MAX = 1_000_003;

export function randomOf(seed: number, number: number): ReturnType<typeof seededRandom> {
  return seededRandom(seed * SEQUENCES_MAX + number);
}

/**
 * One sequence, in partitions of its own. Stops at its first difference.
 *
 * @param rules the engine's, unless its known differences are to be seen
 */
export async function compareRequests(
  engine: ComparedEngine,
  seed: number,
  number: number,
  rules: Rules = engineRules,
): Promise<Compared> {
  const random = randomOf(seed, number);
  const space: Space = {
    random,
    tables: [engine.tables.leases, engine.tables.targets],
    prefix: `${seed}-${number}`,
  };
  const tables = simulatedTables({ clock: stillClock, rules });
  const length = LENGTH_MIN + Math.floor(random() * LENGTH_SPREAD);
  const calls = [...sequence(space, length), ...readAll(space)];
  const outcomes: string[] = [];
  for (const [index, call] of calls.entries()) {
    const found = await engine.wire.send(call);
    const simulated = onTables(tables, call);
    const came = typeof found["error"] === "string" ? found["error"] : "done";
    outcomes.push(`${call.name} ${came}`);
    if (!isSame(found, simulated)) {
      const difference: Difference = {
        kind: "requests",
        sequence: number,
        call,
        engine: found,
        simulated,
      };
      return { operations: index + 1, outcomes, difference };
    }
  }
  return { operations: calls.length, outcomes };
}

/** Whole partitions, at the end: what nobody asked for has to be right, too. */
function readAll({ tables, prefix }: Space): Call[] {
  return tables.flatMap((TableName) =>
    Array.from({ length: PARTITIONS }, (_, partition): Call => {
      const input = {
        TableName,
        KeyConditionExpression: "#p = :p",
        ExpressionAttributeNames: { "#p": keyNamesOf(TableName).partition },
        ExpressionAttributeValues: { ":p": { S: `${prefix}-${partition}` } },
        ConsistentRead: true,
        ReturnConsumedCapacity: "TOTAL" as const,
      };
      return { name: "Query", input };
    }),
  );
}

const stillClock = { now: () => epochMs(1_763_730_000_000), after: () => () => undefined };

function onTables(tables: SimulatedTables, call: Call): Outcome {
  try {
    return outcomeOf(tables.apply(call.name, call.input));
  } catch (error) {
    if (error instanceof Error) return refusalOf(error);
    throw error;
  }
}
