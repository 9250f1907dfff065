import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { lambdaInvoker } from "#adapters/lambda/invoker.ts";
import { DependencyError } from "#domain/errors.ts";
import { leaseId } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";

let server: Server | undefined;

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const names = { collectFunction: "collect-it", rebalanceFunction: "rebalance-it" };

function refuse(status: number, type: string): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { "x-amzn-errortype": type, "content-type": "application/json" });
    response.end(JSON.stringify({ Message: "no" }));
  };
}

describe("lambdaInvoker", () => {
  it("hands over events, one call each", async () => {
    const seen: unknown[] = [];
    const endpoint = await serve((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        seen.push([
          request.url,
          request.headers["x-amz-invocation-type"],
          Buffer.concat(parts).toString(),
        ]);
        response.writeHead(202).end();
      });
    });
    const invoker = lambdaInvoker({ endpoint, ...names });
    await invoker.startCollector({ pool: "p", lease: leaseId(7) });
    await invoker.startRebalancer("p");
    expect(seen).toEqual([
      ["/2015-03-31/functions/collect-it/invocations", "Event", '{"pool":"p","lease":"0007"}'],
      ["/2015-03-31/functions/rebalance-it/invocations", "Event", '{"pool":"p"}'],
    ]);
  });

  it.each([
    [404, "ResourceNotFoundException", false],
    [429, "TooManyRequestsException", true],
  ])("makes %i %s a DependencyError, retryable: %s", async (status, type, retryable) => {
    const invoker = lambdaInvoker({ endpoint: await serve(refuse(status, type)), ...names });
    const error: unknown = await invoker
      .startCollector({ pool: "p", lease: leaseId(7) })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DependencyError);
    expect(error).toMatchObject({ retryable, message: `collect-it could not be started: ${type}` });
  });

  it("says so when nobody is there", async () => {
    const endpoint = await serve(() => undefined);
    server?.close();
    const invoker = lambdaInvoker({ endpoint, ...names });
    await expect(invoker.startCollector({ pool: "p", lease: leaseId(7) })).rejects.toThrow(
      DependencyError,
    );
  });

  it("doesn't wait for good for an answer that doesn't come: the rebalancer has others to start", async () => {
    let asked = 0;
    const endpoint = await serve(() => {
      asked += 1;
    });
    const invoker = lambdaInvoker({ endpoint, ...names, requestTimeoutMs: 1_000 });
    await expect(invoker.startCollector({ pool: "p", lease: leaseId(7) })).rejects.toMatchObject({
      name: "DependencyError",
      message: "collect-it could not be started: TimeoutError",
      retryable: true,
    });
    expect(asked).toBe(limits.storeAttemptsMax);
  });

  it("refuses to start a rebalancer that it has no name for", async () => {
    const invoker = lambdaInvoker({
      endpoint: await serve(refuse(500, "x")),
      collectFunction: "c",
    });
    await expect(invoker.startRebalancer("p")).rejects.toThrow("no rebalance function is named");
  });
});
