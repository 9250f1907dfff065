/**
 * The name under which a chunk is kept, the same in every store. It carries all that listing needs:
 *
 *     <pool>/2026-11-21T13/<closedAt>-<mask>-<lease>-<epoch>-<sequence>-<bytes>-<owner>.jsonl.zst
 *
 * closedAt is in ms, 13 digits; mask is 16 hex digits, bit b for bucket b; bytes is the file's size,
 * so that retention adds sizes up without asking for each.
 *
 * Holds: keys of a pool sort by closedAt; the same chunk has the same key.
 * Fails: InvalidInputError for a pool, lease or owner that isn't safe in a path.
 */
import { InvalidInputError, InvariantError } from "#domain/errors.ts";
import { epochMs, type EpochMs } from "#domain/units.ts";
import {
  BUCKETS_LOG2,
  type ChunkDraftPart,
  type ChunkEntry,
  type ChunkName,
} from "#ports/sample-store.ts";

const BUCKETS = 2 ** BUCKETS_LOG2;
const MASK_AT = 14;
const MASK_DIGITS = BUCKETS / 4;
const TIME_MAX = 9_999_999_999_999;

/** One path component, never hidden, never a way up. */
const SAFE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/u;
/** Stands last in the name, so that it may begin with any character of base64url. */
const SAFE_OWNER = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/u;
const SAFE_LEASE = /^[A-Za-z0-9]{1,20}$/u;
const HOUR = /^\d{4}-\d\d-\d\dT\d\d$/u;
const FILE =
  /^(\d{13})-([0-9a-f]{16})-[A-Za-z0-9]{1,20}-\d+-\d+-(\d+)-[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\.jsonl\.zst$/u;

/** @throws InvalidInputError when a folder can't safely be named after this pool. */
export function assertPoolName(pool: string): void {
  assertSafe("pool", pool, SAFE);
}

function assertSafe(where: string, text: string, pattern: RegExp): void {
  if (pattern.test(text)) return;
  throw new InvalidInputError({
    where,
    found: JSON.stringify(text.slice(0, 120)),
    expected:
      "a short name of letters, digits, '.', '_' and '-' that begins with a letter or digit",
  });
}

/**
 * @param buckets those that the chunk has lines of.
 * @param bytes of the encoded chunk.
 */
export function chunkKey(name: ChunkName, buckets: readonly number[], bytes: number): string {
  assertPoolName(name.pool);
  assertSafe("lease", name.lease, SAFE_LEASE);
  assertSafe("owner", name.owner, SAFE_OWNER);
  const closedAt = bounded(name.closedAt);
  const file = [
    String(closedAt).padStart(13, "0"),
    maskOf(buckets),
    name.lease,
    name.epoch,
    name.sequence,
    bytes,
    name.owner,
  ].join("-");
  return `${name.pool}/${hourFolder(closedAt)}/${file}.jsonl.zst`;
}

/**
 * Sorts after the keys of all chunks closed before `moment` and before those closed at it or later.
 * @throws InvalidInputError for a pool that isn't safe in a path.
 */
export function chunkKeyBound(pool: string, moment: number): string {
  assertPoolName(pool);
  const closedAt = bounded(moment);
  return `${pool}/${hourFolder(closedAt)}/${String(closedAt).padStart(13, "0")}`;
}

/** The buckets that these parts have lines of. */
export function filledBuckets(parts: readonly ChunkDraftPart[]): readonly number[] {
  return parts.flatMap((part) => (part.lines.length === 0 ? [] : [part.bucket]));
}

/** Rounded up: no sample in the chunk finished later. */
function bounded(moment: number): number {
  return Math.min(TIME_MAX, Math.max(0, Math.ceil(moment)));
}

/** The folder of chunks closed in the hour of `moment` (UTC): `2026-11-21T13`. */
export function hourFolder(moment: number): string {
  return new Date(bounded(moment)).toISOString().slice(0, 13);
}

export function isHourFolder(name: string): boolean {
  return HOUR.test(name);
}

function maskOf(buckets: readonly number[]): string {
  const digits = new Uint8Array(MASK_DIGITS);
  for (const bucket of buckets) {
    if (!Number.isInteger(bucket) || bucket < 0 || bucket >= BUCKETS) {
      throw new InvariantError(`a bucket is 0 to ${BUCKETS - 1}, found ${bucket}`);
    }
    const place = MASK_DIGITS - 1 - (bucket >> 2);
    digits[place] = (digits[place] ?? 0) | (1 << (bucket & 3));
  }
  return Array.from(digits, (digit) => digit.toString(16)).join("");
}

/** Whether a chunk's file name shows this bucket: looks at one character only. */
export function isBucketIn(file: string, bucket: number): boolean {
  const digit = Number.parseInt(file.charAt(MASK_AT + MASK_DIGITS - 1 - (bucket >> 2)), 16);
  return (digit & (1 << (bucket & 3))) !== 0;
}

export interface ChunkFile {
  readonly closedAt: EpochMs;
  readonly buckets: readonly number[];
  readonly bytes: number;
}

/** undefined for the name of a file that is no chunk (a leftover, somebody's notes). */
export function parseChunkFile(file: string): ChunkFile | undefined {
  const parts = FILE.exec(file);
  if (parts?.[1] === undefined || parts[2] === undefined) return undefined;
  return {
    closedAt: epochMs(Number(parts[1])),
    buckets: bucketsOf(parts[2]),
    bytes: Number(parts[3]),
  };
}

function bucketsOf(mask: string): readonly number[] {
  const buckets: number[] = [];
  for (let place = MASK_DIGITS - 1; place >= 0; place -= 1) {
    if (mask.charAt(place) === "0") continue;
    const digit = Number.parseInt(mask.charAt(place), 16);
    for (let bit = 0; bit < 4; bit += 1) {
      if ((digit & (1 << bit)) !== 0) buckets.push((MASK_DIGITS - 1 - place) * 4 + bit);
    }
  }
  return buckets;
}

/** undefined for a key that `chunkKey` can't have made. */
export function parseChunkKey(key: string): ChunkEntry | undefined {
  const file = fileOf(key);
  const parsed = file === undefined ? undefined : parseChunkFile(file);
  return parsed && { key, closedAt: parsed.closedAt, buckets: parsed.buckets };
}

/** Size of the chunk's file; undefined for a key that `chunkKey` can't have made. */
export function bytesInKey(key: string): number | undefined {
  const bytes = FILE.exec(fileOf(key) ?? "")?.[3];
  return bytes === undefined ? undefined : Number(bytes);
}

function fileOf(key: string): string | undefined {
  const [pool = "", hour = "", file = "", ...rest] = key.split("/");
  return rest.length === 0 && SAFE.test(pool) && HOUR.test(hour) ? file : undefined;
}
