/**
 * As much of Systems Manager and Secrets Manager as secrets are looked up with: both speak JSON 1.1
 * over one POST, and say in a header which operation is meant.
 *
 * Source: "GetParameter", AWS Systems Manager API reference; "GetSecretValue", AWS Secrets Manager API
 *         reference (both read 2026-11).
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { onLoopback } from "./loopback.ts";

/** hold: never answered; garbled: an answer that breaks off in the middle of the secret. */
export type SecretFault = "throttled" | "forbidden" | "failed" | "hold" | "garbled";

export interface SecretServices {
  readonly endpoint: string;
  /** By parameter name. */
  readonly parameters: Map<string, string>;
  /** By name or ARN; bytes are a binary secret. */
  readonly secrets: Map<string, string | Uint8Array>;
  /** The next `count` requests meet the fault. */
  fail(fault: SecretFault, count?: number): void;
  /** Answers wait until the returned function is called. */
  pause(): () => void;
  readonly requests: readonly SecretRequest[];
  /** The most requests that were open at once. */
  readonly openMax: number;
  stop(): Promise<void>;
}

export interface SecretRequest {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

const FAULTS = {
  throttled: [400, "ThrottlingException"],
  forbidden: [400, "AccessDeniedException"],
  failed: [500, "InternalServerError"],
} as const;

export async function startSecretServices(): Promise<SecretServices> {
  const parameters = new Map<string, string>();
  const secrets = new Map<string, string | Uint8Array>();
  const requests: SecretRequest[] = [];
  const faults: SecretFault[] = [];
  let paused: Promise<void> = Promise.resolve();
  let open = 0;
  let openMax = 0;

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    open += 1;
    openMax = Math.max(openMax, open);
    const operation = String(incoming.headers["x-amz-target"]).split(".")[1] ?? "";
    // A test server trusts its test.
    const input = JSON.parse(await text(incoming)) as Readonly<Record<string, unknown>>;
    requests.push({ operation, input });
    const fault = faults.shift();
    await paused;
    open -= 1;
    const found = answer(operation, input);
    switch (fault) {
      case undefined:
        send(outgoing, found);
        return;
      case "hold":
        return;
      case "garbled":
        send(outgoing, [200, JSON.stringify(found[1]).slice(0, -3)]);
        return;
      case "throttled":
      case "forbidden":
      case "failed": {
        const [status, type] = FAULTS[fault];
        send(outgoing, [status, { __type: type, message: `${type} by the stub` }]);
      }
    }
  }

  function answer(operation: string, input: SecretRequest["input"]): readonly [number, object] {
    if (operation === "GetParameter") {
      const name = String(input["Name"]);
      const value = parameters.get(name);
      if (value === undefined) return [400, { __type: "ParameterNotFound" }];
      if (input["WithDecryption"] !== true)
        return [200, { Parameter: { Name: name, Type: "SecureString", Value: "encrypted" } }];
      return [200, { Parameter: { Name: name, Type: "SecureString", Value: value, Version: 1 } }];
    }
    const id = String(input["SecretId"]);
    const value = secrets.get(id);
    if (value === undefined) {
      const message = "Secrets Manager can't find the specified secret.";
      return [400, { __type: "ResourceNotFoundException", Message: message }];
    }
    if (typeof value === "string") return [200, { Name: id, SecretString: value }];
    return [200, { Name: id, SecretBinary: Buffer.from(value).toString("base64") }];
  }

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const { endpoint, stop } = await onLoopback(server);

  return {
    endpoint,
    parameters,
    secrets,
    requests,
    get openMax() {
      return openMax;
    },
    fail(fault, count = 1) {
      faults.splice(0, faults.length, ...Array.from({ length: count }, () => fault));
    },
    pause() {
      let resume = (): void => undefined;
      paused = new Promise((resolve) => {
        resume = resolve;
      });
      return resume;
    },
    stop,
  };
}

function send(outgoing: ServerResponse, [status, body]: readonly [number, object | string]): void {
  outgoing.writeHead(status, {
    "content-type": "application/x-amz-json-1.1",
    "x-amzn-requestid": "00000000-0000-0000-0000-000000000000",
  });
  outgoing.end(typeof body === "string" ? body : JSON.stringify(body));
}
