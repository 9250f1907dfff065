/**
 * The Invoke API in front of emulators: what calls AWS Lambda calls this instead.
 *
 *     POST /2015-03-31/functions/{name}/invocations     X-Amz-Invocation-Type: Event | RequestResponse
 *
 * Holds: an environment has one invocation at a time; one more is started for each that comes while
 *        all are busy, up to a limit; an event is accepted at once.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { startEmulator, type Emulator, type FunctionToRun } from "./emulator.ts";

export interface Invocation {
  readonly name: string;
  readonly event: unknown;
  /** undefined while it runs. */
  result?: unknown;
  /** Why it could not be run at all. */
  error?: unknown;
}

export interface InvokeApi {
  readonly endpoint: string;
  /** As a caller who waits. */
  invoke(name: string, event: unknown): Promise<unknown>;
  /** In the order in which they came. */
  invocations(name: string): readonly Invocation[];
  emulators(name: string): readonly Emulator[];
  close(): Promise<void>;
}

const ENVIRONMENTS_MAX = 6;
const ROUTE = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/u;

interface Environment {
  readonly emulator: Emulator;
  isBusy: boolean;
}

/** @param functionsAt told where it listens, so that one function can start another. */
export async function startInvokeApi(
  functionsAt: (endpoint: string) => readonly FunctionToRun[],
): Promise<InvokeApi> {
  const byName = new Map<string, FunctionToRun>();
  const environments = new Map<string, Environment[]>();
  const seen: Invocation[] = [];

  async function free(run: FunctionToRun): Promise<Environment> {
    const own = environments.get(run.name) ?? [];
    environments.set(run.name, own);
    const idle = own.find(({ isBusy }) => !isBusy);
    if (idle !== undefined) {
      idle.isBusy = true;
      return idle;
    }
    if (own.length >= ENVIRONMENTS_MAX) throw new Error(`${run.name} has too many at once`);
    const made = { emulator: await startEmulator(run), isBusy: true };
    own.push(made);
    return made;
  }

  async function invoke(name: string, event: unknown): Promise<unknown> {
    const invocation: Invocation = { name, event };
    seen.push(invocation);
    try {
      const run = byName.get(name);
      if (run === undefined) throw new Error(`there is no function ${name}`);
      const environment = await free(run);
      try {
        invocation.result = (await environment.emulator.invoke(event)) ?? null;
        return invocation.result;
      } finally {
        environment.isBusy = false;
      }
    } catch (error) {
      invocation.error = error;
      throw error;
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = decodeURIComponent(ROUTE.exec((request.url ?? "").split("?")[0] ?? "")?.[1] ?? "");
    const body = await text(request);
    const event: unknown = body === "" ? {} : JSON.parse(body);
    if (!byName.has(name)) {
      const error = { Message: `Function not found: ${name}` };
      response.writeHead(404, { "x-amzn-errortype": "ResourceNotFoundException" });
      response.end(JSON.stringify(error));
    } else if (request.headers["x-amz-invocation-type"] === "Event") {
      // What comes of it is in `invocations`.
      invoke(name, event).catch(() => undefined);
      response.writeHead(202).end();
    } else {
      const result = await invoke(name, event);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(result));
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500, { "x-amzn-errortype": "ServiceException" });
      response.end(JSON.stringify({ Message: String(error) }));
    });
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const endpoint = `http://127.0.0.1:${address.port}`;
  for (const each of functionsAt(endpoint)) byName.set(each.name, each);
  return {
    endpoint,
    invoke,
    invocations: (name) => seen.filter((each) => each.name === name),
    emulators: (name) => (environments.get(name) ?? []).map(({ emulator }) => emulator),
    async close() {
      server.close();
      server.closeAllConnections();
      await Promise.all([...environments.values()].flat().map(({ emulator }) => emulator.end()));
    },
  };
}
