import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LocalInvoker } from "#local/invoker.ts";
import { startLambdaApi, type LambdaApi } from "#local/lambda-api.ts";

interface Call {
  readonly how: "async" | "sync";
  readonly name: string;
  readonly event: unknown;
}

let calls: Call[] = [];
let isFull = false;
let outcome: "succeeded" | "failed" = "succeeded";
let api: LambdaApi;

const invoker: Pick<LocalInvoker, "invoke" | "invokeAsync"> = {
  invokeAsync(name, event) {
    if (isFull) return { kind: "throttled" };
    calls.push({ how: "async", name, event: JSON.parse(event) });
    return { kind: "accepted", requestId: "r-1" };
  },
  invoke(name, event) {
    if (isFull) return Promise.resolve(undefined);
    calls.push({ how: "sync", name, event: JSON.parse(event) });
    const payload =
      outcome === "succeeded" ? '{"done":true}' : '{"errorType":"E","errorMessage":"m"}';
    return Promise.resolve({ kind: outcome, payload, durationMs: 1, requestId: "r-2" });
  },
};

beforeEach(async () => {
  calls = [];
  isFull = false;
  outcome = "succeeded";
  api = await startLambdaApi({ invoker, names: ["rebalance", "collect", "health-check"] });
});
afterEach(() => api.close());

function post(name: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  const url = `${api.endpoint}/2015-03-31/functions/${name}/invocations`;
  return fetch(url, { method: "POST", body, headers });
}

describe("the invoke API", () => {
  it("serves the SDK's client, asynchronously and synchronously", async () => {
    const client = new LambdaClient({
      endpoint: api.endpoint,
      region: "local",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    });
    const Payload = Buffer.from('{"pool":"default"}');
    const accepted = await client.send(new InvokeCommand({ FunctionName: "collect", InvocationType: "Event", Payload })); // prettier-ignore
    expect(accepted.StatusCode).toBe(202);
    const answered = await client.send(
      new InvokeCommand({ FunctionName: "health-check", Payload }),
    );
    expect(answered.StatusCode).toBe(200);
    expect(Buffer.from(answered.Payload ?? []).toString()).toBe('{"done":true}');
    client.destroy();
    expect(calls).toEqual([
      { how: "async", name: "collect", event: { pool: "default" } },
      { how: "sync", name: "health-check", event: { pool: "default" } },
    ]);
  });

  it("names a function's own failure in a header, with status 200", async () => {
    outcome = "failed";
    const response = await post("collect", "{}");
    expect(response.status).toBe(200);
    expect(response.headers.get("x-amz-function-error")).toBe("Unhandled");
    expect(await response.json()).toEqual({ errorType: "E", errorMessage: "m" });
  });

  it("knows a function by its ARN", async () => {
    const arn = encodeURIComponent("arn:aws:lambda:local:000000000000:function:collect");
    expect((await post(arn, "{}")).status).toBe(200);
    expect(calls).toMatchObject([{ name: "collect" }]);
  });

  it("takes an empty body for an empty event, and runs nothing on a dry run", async () => {
    await post("collect", "");
    expect(calls).toMatchObject([{ event: {} }]);
    const dry = await post("collect", "{}", { "x-amz-invocation-type": "DryRun" });
    expect([dry.status, calls.length]).toEqual([204, 1]);
  });

  it.each([
    ["an unknown function", "nobody", "{}", {}, 404, "ResourceNotFoundException"],
    ["a body that is no JSON", "collect", "{", {}, 400, "InvalidRequestContentException"],
    ["an unknown type", "collect", "{}", { "x-amz-invocation-type": "Later" }, 400, "InvalidParameterValueException"], // prettier-ignore
    ["a body that is too large", "collect", `"${"x".repeat(1024 * 1024)}"`, { "x-amz-invocation-type": "Event" }, 413, "RequestTooLargeException"], // prettier-ignore
    ["a web page's request", "collect", "{}", { origin: "https://example.com" }, 403, "AccessDeniedException"], // prettier-ignore
    ["a name that is no URL encoding", "%E0%A4%A", "{}", {}, 404, "ResourceNotFoundException"],
  ])("refuses %s", async (_what, name, body, headers, status, type) => {
    const response = await post(name, body, headers);
    expect([response.status, response.headers.get("x-amzn-errortype")]).toEqual([status, type]);
    expect(calls).toEqual([]);
  });

  it("says that it is busy when no process is free", async () => {
    isFull = true;
    expect((await post("collect", "{}")).status).toBe(429);
    expect((await post("collect", "{}", { "x-amz-invocation-type": "Event" })).status).toBe(429);
  });
});
