/**
 * A chunk as bytes: a file that any zstd tool opens as JSON Lines, and of which one part can be read
 * without the others.
 *
 *     index (a zstd skippable frame)   "LMP1", frames: u16, for each frame: bytes u32, parts u16,
 *                                      for each part: bucket u8, raw bytes u32; CRC-32 of all that
 *     frames                           zstd level 1 with checksum: the parts' lines one after another
 *
 * All numbers are little-endian. A part lies in one frame; small parts share one, because a frame
 * of a few lines compresses badly (lines of 220 bytes: 5 lines 3.6x, 42 lines 9.4x, 167 lines
 * 11.5x, 1,000 lines 11.9x), and costs 60 µs before its first byte: a chunk of 4 MB in 64 frames
 * takes 1.4 times the processor time of one in 16 (measured 2026-11 on two cores, Node 24.21).
 *
 * In:    ChunkPart[]                                     Out: bytes, and back
 * Holds: decode(encode(parts)) has the same lines, by bucket; equal parts give equal bytes.
 * Fails: decoding never: what is cut off or altered is the outcome `broken`, with the reason.
 * Source: RFC 8878 (zstd frames, 3.1.2 skippable frames).
 */
import { promisify } from "node:util";
import {
  constants,
  crc32,
  zstdCompress,
  zstdDecompress,
  zstdDecompressSync,
  type ZstdOptions,
} from "node:zlib";
import { InvariantError } from "#domain/errors.ts";
import { BUCKETS_LOG2, type ChunkDraftPart, type ChunkPart } from "#ports/sample-store.ts";

const compress = promisify<Uint8Array, ZstdOptions, Buffer>(zstdCompress);
const decompress = promisify<Buffer, ZstdOptions, Buffer>(zstdDecompress);

const BUCKETS = 2 ** BUCKETS_LOG2;
const SKIPPABLE = 0x184d2a5d;
const MAGIC = 0x31504d4c; // "LMP1"
const HEAD_BYTES = 8;
const FRAME_RAW_BYTES_MIN = 32 * 1024;
const FRAMES_MAX = 16;
const FRAME_RAW_BYTES_MAX = 256 * 1024 * 1024;
/** A small frame is opened in 15 to 50 µs; handing it to another thread alone costs 50. */
const SYNC_BYTES_MAX = 64 * 1024;

interface IndexedPart {
  readonly bucket: number;
  readonly bytes: number;
}

interface RawFrame {
  readonly parts: readonly IndexedPart[];
  readonly raw: Uint8Array;
}

/** Compression runs on the thread pool. @throws InvariantError for a bucket outside 0 to 63. */
export async function encodeChunk(parts: readonly ChunkDraftPart[]): Promise<Buffer> {
  const frames = grouped(parts);
  const compressed = await Promise.all(
    frames.map(({ raw }) =>
      compress(raw, {
        pledgedSrcSize: raw.length,
        params: {
          [constants.ZSTD_c_compressionLevel]: 1,
          [constants.ZSTD_c_checksumFlag]: 1,
        },
      }),
    ),
  );
  return Buffer.concat([indexOf(frames, compressed), ...compressed]);
}

/** Parts in the order of their buckets, in frames of 32 KB or more where there is that much. */
function grouped(parts: readonly ChunkDraftPart[]): readonly RawFrame[] {
  const sorted = byBucket(parts);
  const length = sorted.reduce((sum, { raw }) => sum + raw.length, 0);
  const frameBytesMin = Math.max(FRAME_RAW_BYTES_MIN, length / FRAMES_MAX);
  const frames: RawFrame[] = [];
  let open: { parts: IndexedPart[]; raw: Uint8Array[]; bytes: number } = {
    parts: [],
    raw: [],
    bytes: 0,
  };
  const close = (): void => {
    const [only, ...others] = open.raw;
    if (only !== undefined) {
      frames.push({
        parts: open.parts,
        raw: others.length === 0 ? only : Buffer.concat(open.raw),
      });
    }
    open = { parts: [], raw: [], bytes: 0 };
  };
  for (const { bucket, raw } of sorted) {
    open.parts.push({ bucket, bytes: raw.length });
    open.raw.push(raw);
    open.bytes += raw.length;
    if (open.bytes >= frameBytesMin) close();
  }
  close();
  return frames;
}

interface RawPart {
  readonly bucket: number;
  readonly raw: Uint8Array;
}

function byBucket(parts: readonly ChunkDraftPart[]): readonly RawPart[] {
  const raws: Uint8Array[][] = Array.from({ length: BUCKETS }, () => []);
  for (const { bucket, lines } of parts) {
    const raw = raws[bucket];
    if (raw === undefined) {
      throw new InvariantError(`a bucket is 0 to ${BUCKETS - 1}, found ${bucket}`);
    }
    if (lines.length > 0) raw.push(typeof lines === "string" ? Buffer.from(lines, "utf8") : lines);
  }
  return raws.flatMap(([first, ...others], bucket) => {
    if (first === undefined) return [];
    return [{ bucket, raw: others.length === 0 ? first : Buffer.concat([first, ...others]) }];
  });
}

function indexOf(frames: readonly RawFrame[], compressed: readonly Buffer[]): Buffer {
  const partCount = frames.reduce((sum, { parts }) => sum + parts.length, 0);
  const index = Buffer.alloc(HEAD_BYTES + 4 + 2 + frames.length * 6 + partCount * 5 + 4);
  let at = index.writeUInt32LE(SKIPPABLE, 0);
  at = index.writeUInt32LE(index.length - HEAD_BYTES, at);
  at = index.writeUInt32LE(MAGIC, at);
  at = index.writeUInt16LE(frames.length, at);
  frames.forEach(({ parts }, number) => {
    at = index.writeUInt32LE(compressed[number]?.length ?? 0, at);
    at = index.writeUInt16LE(parts.length, at);
    for (const { bucket, bytes } of parts) {
      at = index.writeUInt8(bucket, at);
      at = index.writeUInt32LE(bytes, at);
    }
  });
  index.writeUInt32LE(crc32(index.subarray(HEAD_BYTES, at)), at);
  return index;
}

export type DecodedChunk =
  | { readonly kind: "parts"; readonly parts: readonly ChunkPart[] }
  | { readonly kind: "broken"; readonly reason: string };

/** @param bucket opens only the frame with this part; undefined opens all. */
export async function decodeChunk(file: Buffer, bucket?: number): Promise<DecodedChunk> {
  const index = readIndex(file);
  if (typeof index === "string") return { kind: "broken", reason: index };
  const found: ChunkPart[] = [];
  let at = index.end;
  for (const [number, frame] of index.frames.entries()) {
    const end = at + frame.bytes;
    if (bucket === undefined || frame.parts.some((part) => part.bucket === bucket)) {
      const raw = await openFrame(file.subarray(at, end), frame);
      if (typeof raw === "string") {
        return { kind: "broken", reason: `frame ${number + 1} of ${index.frames.length}: ${raw}` };
      }
      found.push(...cut(raw, frame.parts, bucket));
    }
    at = end;
  }
  return { kind: "parts", parts: found };
}

interface IndexedFrame {
  readonly bytes: number;
  readonly rawBytes: number;
  readonly parts: readonly IndexedPart[];
}

interface Index {
  readonly frames: readonly IndexedFrame[];
  /** Where the first frame begins. */
  readonly end: number;
}

/** The index, or what is wrong with it. */
function readIndex(file: Buffer): Index | string {
  if (file.length < HEAD_BYTES || file.readUInt32LE(0) !== SKIPPABLE) return "it has no index";
  const end = HEAD_BYTES + file.readUInt32LE(4);
  if (end > file.length || end < HEAD_BYTES + 10)
    return `its index is cut off at ${file.length} bytes`;
  const body = file.subarray(HEAD_BYTES, end - 4);
  if (crc32(body) !== file.readUInt32LE(end - 4)) return "its index has a wrong checksum";
  if (body.readUInt32LE(0) !== MAGIC) return "its index is of another format";
  try {
    return { frames: readFrames(body), end };
  } catch {
    return "its index names more frames than it has";
  }
}

/** @throws RangeError when the counts lead outside of `body`. */
function readFrames(body: Buffer): readonly IndexedFrame[] {
  const frames: IndexedFrame[] = [];
  let at = 6;
  for (let left = body.readUInt16LE(4); left > 0; left -= 1) {
    const bytes = body.readUInt32LE(at);
    const partCount = body.readUInt16LE(at + 4);
    at += 6;
    const parts: IndexedPart[] = [];
    for (let part = 0; part < partCount; part += 1, at += 5) {
      parts.push({ bucket: body.readUInt8(at), bytes: body.readUInt32LE(at + 1) });
    }
    frames.push({ bytes, rawBytes: parts.reduce((sum, part) => sum + part.bytes, 0), parts });
  }
  return frames;
}

/** The frame's lines, or why they can't be had. */
async function openFrame(bytes: Buffer, frame: IndexedFrame): Promise<Buffer | string> {
  if (bytes.length < frame.bytes) return `cut off at ${bytes.length} of ${frame.bytes} bytes`;
  if (frame.rawBytes > FRAME_RAW_BYTES_MAX) return `it claims ${frame.rawBytes} bytes`;
  // With room to spare the end is seen at once; a buffer that is just full is followed by another.
  const room = frame.rawBytes + 64;
  const options = { maxOutputLength: room, chunkSize: room };
  try {
    const raw =
      frame.bytes <= SYNC_BYTES_MAX
        ? zstdDecompressSync(bytes, options)
        : await decompress(bytes, options);
    return raw.length === frame.rawBytes ? raw : `${raw.length} bytes instead of ${frame.rawBytes}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function cut(
  raw: Buffer,
  parts: readonly IndexedPart[],
  bucket: number | undefined,
): readonly ChunkPart[] {
  const found: ChunkPart[] = [];
  let at = 0;
  for (const part of parts) {
    if (bucket === undefined || part.bucket === bucket) {
      found.push({ bucket: part.bucket, lines: raw.toString("utf8", at, at + part.bytes) });
    }
    at += part.bytes;
  }
  return found;
}
