/**
 * As much of S3 as the sample store speaks to, on a free port of loopback, in memory: buckets by
 * path, PutObject, GetObject, HeadObject, DeleteObject, ListObjectsV2.
 *
 * Holds: an object is there whole or not at all; one put with `If-None-Match: *` wins, the others
 *        are told 412; checksums and the signed hash of the body are checked; keys are listed in
 *        the order of their UTF-8 bytes, at most 1,000 a page, with an opaque token.
 * Source: Amazon S3 API reference (read 2026-11): PutObject, GetObject, HeadObject, ListObjectsV2,
 *         "Conditional requests", "Checking object integrity", "List of error codes".
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { onLoopback } from "./loopback.ts";

export type S3Operation =
  "CreateBucket" | "PutObject" | "GetObject" | "HeadObject" | "DeleteObject" | "ListObjectsV2";

/**
 * conflict: 409, another request on this key is under way; slow: 503 SlowDown; forbidden: 403.
 * After the request took effect: failed: 500; lost: closed without an answer; cut: half of the
 * body, then closed. hold: never answered, and without effect.
 */
export type S3Fault = "conflict" | "slow" | "forbidden" | "failed" | "lost" | "cut" | "hold";

export interface S3Stub {
  readonly endpoint: string;
  /** The next `count` requests of this operation meet the fault. */
  fail(operation: S3Operation, fault: S3Fault, count?: number): void;
  /** Runs before the next request of this operation takes effect. */
  before(operation: S3Operation, action: () => void): void;
  seen(operation: S3Operation): number;
  /** Headers and query of the last request of this operation. */
  last(operation: S3Operation): S3Request | undefined;
  /** Puts an object past all conditions, as somebody else would. */
  write(
    bucket: string,
    key: string,
    body: Uint8Array,
    options?: { readonly checksum: boolean },
  ): void;
  remove(bucket: string, key: string): void;
  read(bucket: string, key: string): Buffer | undefined;
  keys(bucket: string): readonly string[];
  stop(): Promise<void>;
}

export interface S3Request {
  readonly operation: S3Operation;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

interface S3Object {
  readonly body: Buffer;
  readonly sha256: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

type Buckets = Map<string, Map<string, S3Object>>;

const KEYS_PER_PAGE = 1_000;

export async function startS3Stub(buckets: readonly string[] = []): Promise<S3Stub> {
  const kept: Buckets = new Map(buckets.map((name) => [name, new Map<string, S3Object>()]));
  const faults = new Map<S3Operation, S3Fault[]>();
  const actions = new Map<S3Operation, () => void>();
  const requests = new Map<S3Operation, { count: number; last: S3Request }>();

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await requestOf(incoming);
    const { operation } = request;
    const count = (requests.get(operation)?.count ?? 0) + 1;
    requests.set(operation, { count, last: request });
    const fault = faults.get(operation)?.shift();
    actions.get(operation)?.();
    actions.delete(operation);
    switch (fault) {
      case undefined:
        send(outgoing, answer(kept, request));
        return;
      case "conflict":
        send(outgoing, refusal(409, "ConditionalRequestConflict"));
        return;
      case "slow":
        send(outgoing, refusal(503, "SlowDown"));
        return;
      case "forbidden":
        send(outgoing, refusal(403, "AccessDenied"));
        return;
      case "failed":
        answer(kept, request);
        send(outgoing, refusal(500, "InternalError"));
        return;
      case "lost":
        answer(kept, request);
        outgoing.destroy();
        return;
      case "cut":
        sendHalf(outgoing, answer(kept, request));
        return;
      case "hold":
        return;
    }
  }

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const { endpoint, stop } = await onLoopback(server);
  const objects = (bucket: string): Map<string, S3Object> =>
    kept.get(bucket) ?? new Map<string, S3Object>();

  return {
    endpoint,
    fail(operation, fault, count = 1) {
      faults.set(
        operation,
        Array.from({ length: count }, () => fault),
      );
    },
    before(operation, action) {
      actions.set(operation, action);
    },
    seen: (operation) => requests.get(operation)?.count ?? 0,
    last: (operation) => requests.get(operation)?.last,
    write(bucket, key, body, { checksum } = { checksum: true }) {
      objects(bucket).set(key, {
        body: Buffer.from(body),
        sha256: checksum ? sha256(body, "base64") : undefined,
      });
    },
    remove(bucket, key) {
      objects(bucket).delete(key);
    },
    read: (bucket, key) => objects(bucket).get(key)?.body,
    keys: (bucket) => sortedKeys(objects(bucket)),
    stop,
  };
}

async function requestOf(incoming: IncomingMessage): Promise<S3Request> {
  const url = new URL(incoming.url ?? "/", "http://localhost");
  const [bucket = "", ...rest] = decodeURIComponent(url.pathname).slice(1).split("/");
  const key = rest.join("/");
  const operation = operationOf(incoming.method ?? "GET", key, url.searchParams);
  const body = await buffer(incoming);
  return { operation, bucket, key, query: url.searchParams, headers: incoming.headers, body };
}

function operationOf(method: string, key: string, query: URLSearchParams): S3Operation {
  if (method === "PUT") return key === "" ? "CreateBucket" : "PutObject";
  if (method === "DELETE") return "DeleteObject";
  if (method === "HEAD") return "HeadObject";
  if (key === "" && query.get("list-type") === "2") return "ListObjectsV2";
  return "GetObject";
}

function answer(kept: Buckets, request: S3Request): Answer {
  if (request.operation === "CreateBucket") {
    kept.set(request.bucket, kept.get(request.bucket) ?? new Map<string, S3Object>());
    return { status: 200, headers: { location: `/${request.bucket}` } };
  }
  const objects = kept.get(request.bucket);
  if (objects === undefined) return refusal(404, "NoSuchBucket");
  switch (request.operation) {
    case "PutObject":
      return put(objects, request);
    case "GetObject":
      return get(objects, request);
    case "HeadObject": {
      // An answer to HEAD has no body, so that an error has no name but its status.
      const { status, headers } = get(objects, request);
      return { status, ...(status === 200 && headers !== undefined && { headers }) };
    }
    case "DeleteObject":
      objects.delete(request.key);
      return { status: 204 };
    case "ListObjectsV2":
      return list(objects, request);
  }
}

function put(objects: Map<string, S3Object>, { key, headers, body }: S3Request): Answer {
  const condition = headers["if-none-match"];
  if (condition !== undefined && condition !== "*") return refusal(501, "NotImplemented");
  if (headers["content-length"] === undefined) return refusal(411, "MissingContentLength");
  // Framed bodies carry their checksum behind them: nothing of ours needs one.
  if (headers["content-encoding"]?.includes("aws-chunked") === true)
    return refusal(501, "NotImplemented");
  const signed = header(headers, "x-amz-content-sha256");
  if (signed !== undefined && signed !== "UNSIGNED-PAYLOAD" && signed !== sha256(body, "hex"))
    return refusal(400, "XAmzContentSHA256Mismatch");
  const sent = header(headers, "x-amz-checksum-sha256");
  if (sent !== undefined && sent !== sha256(body, "base64")) return refusal(400, "BadDigest");
  if (condition === "*" && objects.has(key)) return refusal(412, "PreconditionFailed");
  const object = { body, sha256: sent };
  objects.set(key, object);
  return { status: 200, headers: { etag: etagOf(object), ...checksumOf(object) } };
}

function get(objects: Map<string, S3Object>, { key, headers }: S3Request): Answer {
  const object = objects.get(key);
  if (object === undefined) return refusal(404, "NoSuchKey");
  const wanted = header(headers, "x-amz-checksum-mode") === "ENABLED";
  return {
    status: 200,
    headers: {
      "content-type": "application/octet-stream",
      "content-length": String(object.body.length),
      etag: etagOf(object),
      ...(wanted && checksumOf(object)),
    },
    body: object.body,
  };
}

function list(objects: Map<string, S3Object>, { bucket, query }: S3Request): Answer {
  const prefix = query.get("prefix") ?? "";
  const token = query.get("continuation-token");
  const after =
    token === null
      ? (query.get("start-after") ?? "")
      : Buffer.from(token, "base64url").toString("utf8");
  const pageSize = Math.min(KEYS_PER_PAGE, Number(query.get("max-keys") ?? KEYS_PER_PAGE));
  const all = sortedKeys(objects).filter(
    (key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0,
  );
  const page = all.slice(0, pageSize);
  const last = page.at(-1);
  const next =
    all.length > page.length && last !== undefined
      ? `<NextContinuationToken>${Buffer.from(last).toString("base64url")}</NextContinuationToken>`
      : "";
  const contents = page.map((key) => contentOf(key, objects.get(key)));
  return xml(200, [
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name>`,
    `<Prefix>${escaped(prefix)}</Prefix><KeyCount>${page.length}</KeyCount>`,
    `<MaxKeys>${pageSize}</MaxKeys><IsTruncated>${String(next !== "")}</IsTruncated>${next}`,
    ...contents,
    "</ListBucketResult>",
  ]);
}

function contentOf(key: string, object: S3Object | undefined): string {
  const size = object?.body.length ?? 0;
  const etag = object === undefined ? "" : escaped(etagOf(object));
  return `<Contents><Key>${escaped(key)}</Key><LastModified>2026-11-21T12:00:00.000Z</LastModified><ETag>${etag}</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
}

function refusal(status: number, code: string): Answer {
  return xml(status, [`<Error><Code>${code}</Code><Message>${code} by the stub</Message></Error>`]);
}

function xml(status: number, parts: readonly string[]): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${parts.join("")}`;
  return { status, headers: { "content-type": "application/xml" }, body };
}

function send(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  outgoing.writeHead(status, { "x-amz-request-id": "STUB", ...headers });
  outgoing.end(body);
}

function sendHalf(outgoing: ServerResponse, { status, headers, body = "" }: Answer): void {
  const whole = Buffer.from(body);
  outgoing.writeHead(status, { ...headers, "content-length": String(whole.length) });
  outgoing.write(whole.subarray(0, whole.length / 2), () => outgoing.destroy());
}

function sortedKeys(objects: Map<string, S3Object>): readonly string[] {
  return [...objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function etagOf({ body }: S3Object): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

function checksumOf({ sha256: checksum }: S3Object): Readonly<Record<string, string>> {
  if (checksum === undefined) return {};
  return { "x-amz-checksum-sha256": checksum, "x-amz-checksum-type": "FULL_OBJECT" };
}

function header(headers: IncomingMessage["headers"], name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

function sha256(body: Uint8Array, encoding: "hex" | "base64"): string {
  return createHash("sha256").update(body).digest(encoding);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
