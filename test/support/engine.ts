/**
 * A DynamoDB-compatible engine for one test file, in memory, on a free port of loopback.
 *
 * An endpoint in LAMPLIGHTER_STORE_ENDPOINT replaces it (DynamoDB Local, for example).
 * Holds: gone after `stop`, also when the test fails; tables are made once.
 */
import { ListTablesCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { dynamoClient } from "#adapters/dynamodb/client.ts";
import { ensureTables, type TableNames } from "#adapters/dynamodb/tables.ts";
import { findEngine, type EngineSource } from "#local/engine-binary.ts";

export interface TestEngine {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  readonly tables: TableNames;
  stop(): Promise<void>;
}

/** Why tests on the engine can't run here; undefined when they can. */
export function engineMissing(): string | undefined {
  try {
    findEngine({ environment: process.env });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const STARTS_MAX = 5;
const POLLS_MAX = 400;
const POLL_MS = 10;

export async function startTestEngine(): Promise<TestEngine> {
  const source = findEngine({ environment: process.env });
  for (let starts = 0; starts < STARTS_MAX; starts += 1) {
    const engine = await start(source);
    if (engine !== undefined) return engine;
  }
  throw new Error(`the engine did not start in ${STARTS_MAX} attempts`);
}

async function start(source: EngineSource): Promise<TestEngine | undefined> {
  if (source.kind === "endpoint") return await connect(source.endpoint, undefined);
  const port = await freePort();
  const child = spawn(source.path, ["serve", "--host", "127.0.0.1", "--port", String(port)], {
    stdio: "ignore",
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.removeListener("exit", kill));
  if (await answers(port, child)) return await connect(`http://127.0.0.1:${port}`, child);
  kill();
  return undefined;
}

async function connect(endpoint: string, child: ChildProcess | undefined): Promise<TestEngine> {
  const client = dynamoClient({ endpoint });
  const suffix = crypto.randomUUID();
  const tables = { leases: `leases-${suffix}`, targets: `targets-${suffix}` };
  await ensureTables(client, tables);
  return {
    endpoint,
    client,
    tables,
    async stop() {
      client.destroy();
      if (child?.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** Another process may take the port between asking for it and using it: then we start again. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function answers(port: number, child: ChildProcess): Promise<boolean> {
  const client = dynamoClient({ endpoint: `http://127.0.0.1:${port}` });
  try {
    for (let polls = 0; polls < POLLS_MAX; polls += 1) {
      if (child.exitCode !== null || child.signalCode !== null) return false;
      try {
        await client.send(new ListTablesCommand({ Limit: 1 }));
        return true;
      } catch {
        await wait(POLL_MS);
      }
    }
    return false;
  } finally {
    client.destroy();
  }
}
