/**
 * What a slot asks of its owner, measured, packed to one byte: the planner's input.
 *
 * A load is in captures per second, weighted by nothing: the number that is known to be due.
 * A byte b stands for 0 when 0, else 2^((b - 96) / 8): from 0.0002 to 950,000 a second, within 4.5 %.
 *
 * Holds: a piece's bytes lie over its range in equal parts; ranges of one lease don't overlap.
 * Source: DESIGN, section 3 ("measured load (per slot, packed)").
 */
import { InvalidInputError } from "./errors.ts";
import { formatRange, intersect, parseRange, subtract, type Range } from "./range.ts";

export interface LoadPiece {
  readonly range: Range;
  /** One byte for each equal part of the range. */
  readonly perPart: Uint8Array;
}

const STEPS_PER_DOUBLING = 8;
const BYTE_OF_ONE = 96;
/** A lease's record stays within two write units: parts are merged beyond this. */
export const LOAD_PARTS_MAX = 256;

export function packLoad(perSecond: number): number {
  if (!(perSecond > 0)) return 0;
  return Math.min(
    255,
    Math.max(1, Math.round(BYTE_OF_ONE + STEPS_PER_DOUBLING * Math.log2(perSecond))),
  );
}

export function unpackLoad(byte: number): number {
  return byte === 0 ? 0 : 2 ** ((byte - BYTE_OF_ONE) / STEPS_PER_DOUBLING);
}

/** Captures per second of a whole range whose slots have these loads, in order; merged to at most `partsMax` parts. */
export function loadPiece(
  range: Range,
  perSlot: readonly number[],
  partsMax = LOAD_PARTS_MAX,
): LoadPiece {
  let loads = perSlot;
  while (loads.length > partsMax && loads.length % 2 === 0) {
    loads = Array.from(
      { length: loads.length / 2 },
      (_, i) => (loads[2 * i] ?? 0) + (loads[2 * i + 1] ?? 0),
    );
  }
  if (loads.length > partsMax) loads = [loads.reduce((sum, load) => sum + load, 0)];
  return { range, perPart: Uint8Array.from(loads, packLoad) };
}

/** Captures per second in `wanted`; undefined when no part of it was measured. */
export function loadIn(pieces: readonly LoadPiece[], wanted: Range): number | undefined {
  let total: number | undefined;
  for (const piece of pieces) {
    const size = (piece.range.to - piece.range.from) / piece.perPart.length;
    piece.perPart.forEach((byte, index) => {
      const from = piece.range.from + index * size;
      const shared = Math.min(wanted.to, from + size) - Math.max(wanted.from, from);
      if (shared > 0) total = (total ?? 0) + unpackLoad(byte) * (shared / size);
    });
  }
  return total;
}

export function restrictLoads(pieces: readonly LoadPiece[], ranges: readonly Range[]): LoadPiece[] {
  return pieces.flatMap((piece) =>
    intersect([piece.range], ranges).map((range) => resample(piece, range)),
  );
}

export function withoutLoads(pieces: readonly LoadPiece[], ranges: readonly Range[]): LoadPiece[] {
  return pieces.flatMap((piece) =>
    subtract([piece.range], ranges).map((range) => resample(piece, range)),
  );
}

/** Later pieces win where both speak. */
export function joinLoads(older: readonly LoadPiece[], newer: readonly LoadPiece[]): LoadPiece[] {
  return [
    ...withoutLoads(
      older,
      newer.map((piece) => piece.range),
    ),
    ...newer,
  ];
}

function resample(piece: LoadPiece, range: Range): LoadPiece {
  if (range.from === piece.range.from && range.to === piece.range.to) return piece;
  const size = (piece.range.to - piece.range.from) / piece.perPart.length;
  const parts = Math.max(1, Math.round((range.to - range.from) / size));
  const width = (range.to - range.from) / parts;
  return {
    range,
    perPart: Uint8Array.from({ length: parts }, (_, index) => {
      const from = range.from + index * width;
      return packLoad(loadIn([piece], { from, to: from + width }) ?? 0);
    }),
  };
}

/** `00000000-40000000:<base64>` joined by commas. */
export function formatLoads(pieces: readonly LoadPiece[]): string {
  return pieces
    .map((piece) => `${formatRange(piece.range)}:${Buffer.from(piece.perPart).toString("base64")}`)
    .join(",");
}

/** What doesn't parse is left out: a load is a measurement and comes again. */
export function parseLoads(text: string): LoadPiece[] {
  return text.split(",").flatMap((part) => {
    const [bounds = "", bytes = ""] = part.split(":");
    const range = readRange(bounds);
    const perPart = new Uint8Array(Buffer.from(bytes, "base64"));
    return range === undefined || perPart.length === 0 ? [] : [{ range, perPart }];
  });
}

function readRange(text: string): Range | undefined {
  try {
    return parseRange(text);
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}
