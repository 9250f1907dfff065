/** One worker of the comparison: an engine of its own, and every so many-th sequence. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { storesOn } from "#test/support/on-engine.ts";
import { startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { compareRequests, type Compared, type Difference } from "./conformance/compare.ts";
import { patientClient } from "./conformance/patient-client.ts";
import { compareStores } from "./conformance/stores.ts";
import { wireTo, type Wire } from "./conformance/wire.ts";

export interface Work {
  readonly seed: number;
  readonly from: number;
  /** Sequences, in which every `STORES_EVERY`-th is one of the stores' own calls. */
  readonly count: number;
  readonly step: number;
}

export interface Done {
  readonly sequences: number;
  readonly operations: number;
  readonly differences: readonly Difference[];
}

/** A sequence of the stores costs about three of single requests. */
const STORES_EVERY = 5;
const AT_ONCE = 6;
/** More say nothing new. */
const DIFFERENCES_MAX = 20;

export async function compareMany(
  { seed, from, count, step }: Work,
  tell: (done: Done) => void = () => undefined,
): Promise<Done> {
  const engine = await startTestEngine();
  const wire = wireTo(engine.endpoint);
  const client = patientClient(engine.endpoint);
  const differences: Difference[] = [];
  let [sequences, operations] = [0, 0];
  const numbers = Array.from({ length: count }, (_, index) => from + index * step).values();

  async function compareSome(): Promise<void> {
    for (const number of numbers) {
      if (differences.length >= DIFFERENCES_MAX) return;
      const compared = await compareOne({ engine, wire, client }, seed, number);
      sequences += 1;
      operations += compared.operations;
      if (compared.difference !== undefined) differences.push(compared.difference);
      tell({ sequences, operations, differences });
    }
  }

  try {
    await Promise.all(Array.from({ length: AT_ONCE }, compareSome));
  } finally {
    client.destroy();
    await wire.close();
    await engine.stop();
  }
  return { sequences, operations, differences };
}

interface Both {
  readonly engine: TestEngine;
  readonly wire: Wire;
  readonly client: DynamoDBClient;
}

async function compareOne(
  { engine, wire, client }: Both,
  seed: number,
  number: number,
): Promise<Compared> {
  return number % STORES_EVERY === 0
    ? await compareStores((pool) => storesOn(engine, pool, client), seed, number)
    : await compareRequests({ wire, tables: engine.tables }, seed, number);
}
