/**
 * Chunks as objects of one bucket: `s3://<bucket>/<prefix>/<pool>/<hour>/<chunk>.jsonl.zst`.
 *
 * Keys sort by time across hours, so that a span is one walk from its first moment to its last:
 * 1,000 chunks a request, however many hours or years are empty.
 *
 * Holds: when `put` resolves the object is there (S3 answers a put once it is kept in three zones,
 *        and lists it from then on); an object is never written over: a put is refused where one
 *        is, and one with our own content is our own, from an attempt whose answer was lost.
 * Fails: DependencyError: retryable for throttling, faults and lost connections; final for what
 *        someone must change, and for a chunk that is broken (its key and what is wrong are named).
 *        InvariantError where another content has the chunk's name.
 * Contract: test/contracts/sample-store.contract.ts
 * Source: "Conditional requests" and "PutObject", Amazon S3 (read 2026-11): 412 where the key is
 *         taken, 409 ConditionalRequestConflict while another request on it is under way.
 */
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { DependencyError, InvariantError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import type { Clock } from "#ports/clock.ts";
import type { ChunkEntry, ChunkPage, ChunkQuery, SampleStore } from "#ports/sample-store.ts";
import { httpStatus } from "../aws-failure.ts";
import { decodeChunk, encodeChunk } from "../chunk-codec.ts";
import {
  assertPoolName,
  bytesInKey,
  chunkKey,
  chunkKeyBound,
  filledBuckets,
  parseChunkKey,
} from "../chunk-key.ts";
import { backOff, type BackOff } from "../dynamodb/back-off.ts";
import { gate } from "../gate.ts";
import { objectFailure } from "./failure.ts";

export interface S3SampleStoreOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** Without slashes at its ends; empty for none. */
  readonly prefix: string;
  /** For back-off only. */
  readonly clock: Clock;
}

interface Place {
  readonly client: S3Client;
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly start: string;
  readonly backOff: BackOff;
}

/** The most that S3 lists at once. */
const PAGE_KEYS_MAX = 1_000;
/** The client doesn't repeat a request whose answer broke off after its headers. */
const READ_TRIES_MAX = 3;
const NOT_FOUND = 404;
const CONFLICT = 409;
const TAKEN = 412;

export function s3SampleStore(options: S3SampleStoreOptions): SampleStore {
  const { client, bucket, prefix, clock } = options;
  const start = prefix === "" ? "" : `${prefix}/`;
  const place = { client, bucket, start, backOff: backOff(clock) };
  // A request that waits for a connection is taken for one that can't connect: none has to.
  const puts = gate(limits.chunkPutsMax);
  const reads = gate(limits.chunkReadsAtOnceMax);
  return {
    put: (chunk) =>
      puts(async () => {
        const bytes = await encodeChunk(chunk.parts);
        const key = chunkKey(chunk.name, filledBuckets(chunk.parts), bytes.length);
        await keep(place, key, bytes);
      }),
    list: (query) => reads(() => list(place, query)),
    async get(entry, bucketWanted) {
      // Only such keys as we make ourselves; they say how much there is to read.
      const size = bytesInKey(entry.key);
      if (size === undefined) {
        throw new InvariantError(`no chunk can have the key ${JSON.stringify(entry.key)}`);
      }
      const bytes = await reads(() => read(place, entry.key, size));
      if (bytes === undefined) return undefined;
      const decoded = await decodeChunk(bytes, bucketWanted);
      if (decoded.kind === "parts") return decoded.parts;
      throw broken(entry.key, decoded.reason);
    },
  };
}

async function keep(place: Place, key: string, bytes: Buffer): Promise<void> {
  const sha256 = createHash("sha256").update(bytes).digest("base64");
  for (let attempt = 0; attempt < limits.conflictAttemptsMax; attempt += 1) {
    if (attempt > 0) await place.backOff(attempt);
    switch (await tryPut(place, key, bytes, sha256)) {
      case "kept":
        return;
      case "conflict":
        break;
      case "taken": {
        const found = await contentOf(place, key, bytes.length);
        if (found === sha256) return;
        if (found !== undefined) throw notOurs(place, { key, found, sha256 });
        // What refused our put is gone again.
      }
    }
  }
  throw new DependencyError(
    `can't keep chunk ${key}: other requests on its key are still under way after ${limits.conflictAttemptsMax} attempts`,
    { retryable: true },
  );
}

async function tryPut(
  { client, bucket, start }: Place,
  key: string,
  bytes: Buffer,
  sha256: string,
): Promise<"kept" | "taken" | "conflict"> {
  try {
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: start + key,
        Body: bytes,
        ContentType: "application/zstd",
        IfNoneMatch: "*",
        ChecksumSHA256: sha256,
      }),
    );
    return "kept";
  } catch (cause) {
    const status = httpStatus(cause);
    if (status === TAKEN) return "taken";
    if (status === CONFLICT) return "conflict";
    throw objectFailure(`keep chunk ${key} in ${nameOf({ bucket, start })}`, cause);
  }
}

/**
 * SHA-256 of what is kept under `key`, in base64; undefined when there is nothing. S3 keeps the
 * checksum of an object of ours; one that another wrote without it is read as far as it may be ours.
 */
async function contentOf(place: Place, key: string, size: number): Promise<string | undefined> {
  const { client, bucket, start } = place;
  try {
    const head = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: start + key, ChecksumMode: "ENABLED" }),
    );
    if (head.ChecksumSHA256 !== undefined) return head.ChecksumSHA256;
    if (head.ContentLength !== size) return `none (${head.ContentLength ?? "unknown"} bytes)`;
  } catch (cause) {
    if (httpStatus(cause) === NOT_FOUND) return undefined;
    throw objectFailure(`look at chunk ${key} in ${nameOf(place)}`, cause);
  }
  const bytes = await read(place, key, size);
  return bytes && createHash("sha256").update(bytes).digest("base64");
}

interface Mismatch {
  readonly key: string;
  readonly found: string;
  readonly sha256: string;
}

function notOurs(place: Place, { key, found, sha256 }: Mismatch): InvariantError {
  return new InvariantError(
    `chunk ${key} in ${nameOf(place)} is there with other content: found sha256 ${found}, expected ${sha256}`,
  );
}

async function list(place: Place, query: ChunkQuery): Promise<ChunkPage> {
  const { client, bucket, start } = place;
  assertPoolName(query.pool);
  if (query.from >= query.to) return { entries: [] };
  const first = chunkKeyBound(query.pool, query.from);
  const end = chunkKeyBound(query.pool, query.to);
  try {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        // All keys of the span begin with what its two ends have in common.
        Prefix: start + commonStart(first, end),
        StartAfter: start + (query.cursor ?? first),
        MaxKeys: PAGE_KEYS_MAX,
      }),
    );
    const keys = (page.Contents ?? []).flatMap(({ Key }) => Key?.slice(start.length) ?? []);
    const entries = keys.flatMap((key) => wanted(key, query) ?? []);
    const last = keys.at(-1);
    const isWhole = page.IsTruncated !== true || last === undefined || last >= end;
    return isWhole ? { entries } : { entries, cursor: last };
  } catch (cause) {
    throw objectFailure(`list chunks in ${nameOf(place)}`, cause);
  }
}

function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a.charAt(length) === b.charAt(length)) length += 1;
  return a.slice(0, length);
}

function wanted(key: string, { from, to, bucket }: ChunkQuery): ChunkEntry | undefined {
  const entry = parseChunkKey(key);
  if (entry === undefined || entry.closedAt < from || entry.closedAt >= to) return undefined;
  return bucket === undefined || entry.buckets.includes(bucket) ? entry : undefined;
}

/**
 * The whole object: one request, and at most a chunk's 4 MB, mostly a tenth of that. A part alone
 * would take two requests, and requests are what reading costs.
 */
async function read(place: Place, key: string, size: number): Promise<Buffer | undefined> {
  const { client, bucket, start } = place;
  for (let tries = 1; ; tries += 1) {
    try {
      const input = { Bucket: bucket, Key: start + key };
      const { Body, ContentLength } = await client.send(new GetObjectCommand(input));
      if (Body === undefined) return Buffer.alloc(0);
      if (ContentLength !== undefined && ContentLength > size) {
        // More than we ever wrote there is not read at all.
        if ("destroy" in Body) Body.destroy();
        throw broken(key, `it has ${ContentLength} bytes instead of ${size}`);
      }
      return Buffer.from(await Body.transformToByteArray());
    } catch (cause) {
      if (cause instanceof DependencyError) throw cause;
      if (httpStatus(cause) === NOT_FOUND && !isBucketMissing(cause)) return undefined;
      const failure = objectFailure(`read chunk ${key} in ${nameOf(place)}`, cause);
      // With a status the client has tried again already.
      const brokeOff = httpStatus(cause) === undefined && failure.retryable;
      if (!brokeOff || tries === READ_TRIES_MAX) throw failure;
    }
  }
}

function isBucketMissing(cause: unknown): boolean {
  return cause instanceof Error && cause.name === "NoSuchBucket";
}

function broken(key: string, reason: string): DependencyError {
  return new DependencyError(`chunk ${key} is broken: ${reason}`, { retryable: false });
}

function nameOf({ bucket, start }: Pick<Place, "bucket" | "start">): string {
  return `s3://${bucket}/${start}`;
}
