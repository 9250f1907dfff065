/**
 * The last result of each target of a schedule, packed to ten bytes: a write is paid by its size.
 *
 *     bytes 0-3  result key (bytes 4 to 7 of the id's SHA-256), big-endian
 *     byte  4    0 when up, else 1 + index of the failure code
 *     byte  5    duration, logarithmic: 0 for 0, else 8 * log2(ms) + 1, at most 255
 *     bytes 6-9  when it was last different (up or down since), seconds since the epoch
 *
 * Holds: a target that is not in it was never captured.
 * Source: DESIGN, section 3.
 */
import type { FailureCode } from "./sample.ts";
import { epochMs, type EpochMs } from "./units.ts";

export const LATEST_BYTES = 10;

/** Order is part of the format: append only. */
const CODES: readonly FailureCode[] = [
  "dns", "connect", "connect-timeout", "tls", "certificate", "send", "headers-timeout", "body-timeout", "timeout",
  "body-too-large", "body-encoding", "redirects", "forbidden-address", "assertion", "not-json", "secret",
  "configuration", "reset", "stopped", "internal",
]; // prettier-ignore

const CODE_BYTE = new Map<FailureCode, number>(CODES.map((code, index) => [code, index + 1]));
const INTERNAL_BYTE = CODES.length;

export interface LatestResult {
  readonly resultKey: number;
  /** undefined when up. */
  readonly failure?: FailureCode;
  /** Within 9 %. */
  readonly durationMs: number;
  readonly since: EpochMs;
}

export function failureByte(code: FailureCode | undefined): number {
  return code === undefined ? 0 : (CODE_BYTE.get(code) ?? INTERNAL_BYTE);
}

export function durationByte(duration: number): number {
  return duration < 1 ? 0 : Math.min(255, 1 + Math.round(8 * Math.log2(duration)));
}

export function unpackLatest(packed: Uint8Array): LatestResult[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const results: LatestResult[] = [];
  for (let at = 0; at + LATEST_BYTES <= packed.byteLength; at += LATEST_BYTES) {
    const code = view.getUint8(at + 4);
    const duration = view.getUint8(at + 5);
    const failure = code === 0 ? undefined : (CODES[code - 1] ?? "internal");
    results.push({
      resultKey: view.getUint32(at),
      ...(failure !== undefined && { failure }),
      durationMs: duration === 0 ? 0 : 2 ** ((duration - 1) / 8),
      since: epochMs(view.getUint32(at + 6) * 1_000),
    });
  }
  return results;
}
