/**
 * The engine's JSON protocol, without the SDK: a comparison makes a million calls, and the SDK would be
 * most of what they cost.
 *
 * Source: "DynamoDB low-level API", Amazon DynamoDB Developer Guide (read 2026-11).
 */
import { Pool } from "undici";
import * as z from "zod";
import type { Call } from "../operations.ts";
import type { Outcome } from "./outcome.ts";

export interface Wire {
  send(call: Call): Promise<Outcome>;
  close(): Promise<void>;
}

const CONNECTIONS = 8;
/** Nobody checks who signed, but it has to look signed. */
const SIGNED_AT = "20261121T130000Z";
const AUTHORIZATION =
  `AWS4-HMAC-SHA256 Credential=local/${SIGNED_AT.slice(0, 8)}/local/dynamodb/aws4_request, ` +
  `SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`;

const failure = z.object({
  __type: z.string(),
  Item: z.unknown().optional(),
  CancellationReasons: z
    .array(z.object({ Code: z.string().optional(), Item: z.unknown().optional() }))
    .optional(),
});

const success = z.record(z.string(), z.unknown());

export function wireTo(endpoint: string): Wire {
  const pool = new Pool(endpoint, { connections: CONNECTIONS });
  return {
    async send({ name, input }) {
      const { statusCode, body } = await pool.request({
        method: "POST",
        path: "/",
        headers: {
          "content-type": "application/x-amz-json-1.0",
          "x-amz-target": `DynamoDB_20120810.${name}`,
          "x-amz-date": SIGNED_AT,
          authorization: AUTHORIZATION,
        },
        body: JSON.stringify(asJson(input)),
      });
      const answer: unknown = await body.json();
      return statusCode === 200 ? success.parse(answer) : failed(failure.parse(answer));
    },
    close: () => pool.close(),
  };
}

function failed({ __type, Item, CancellationReasons }: z.infer<typeof failure>): Outcome {
  const error = __type.slice(__type.lastIndexOf("#") + 1);
  if (CancellationReasons !== undefined) {
    const reasons = CancellationReasons.map(({ Code, Item: item }) => ({
      code: Code ?? "None",
      item,
    }));
    return { error, reasons };
  }
  return error === "ConditionalCheckFailedException" ? { error, item: Item } : { error };
}

/** Bytes as the protocol writes them. */
export function asJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, asJson(one)]));
}
