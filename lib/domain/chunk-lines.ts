/**
 * The text of a chunk's lines: one JSON object a line, short names, written without a serialiser.
 *
 *     sample  {"t":id,"s":slot,"c":cadence,"r":round?,"e":epoch,"a":startedAt,"d":durationMs,"ok":true,"v":{…}?,"p":[dns,connect,tls,firstByte,body]?}
 *     failed  the same with "ok":false,"f":code,"m":message
 *     missed  {"k":"missed","s":slot,"c":cadence,"from":"at.offset","to":"at.offset","n":rounds,"x":captures,"why":reason,"e":epoch,"ids":[…]?}
 *
 * Holds: every line ends with a line feed; parse(format(r)) equals r to the millisecond.
 */
import type { CadenceKey } from "./cadence.ts";
import type {
  Capture,
  ChunkRecord,
  Failure,
  FailureCode,
  MissedReason,
  MissedRecord,
  PhaseTimings,
  SampleRecord,
} from "./sample.ts";
import type { Scalar } from "./http-settings.ts";
import type { Slot } from "./slot.ts";
import { durationMs, epochMs, type EpochMs } from "./units.ts";
import { formatWatermark, parseWatermark } from "./watermark.ts";

/** The part of a sample's line that is the same for every capture of a target: made once, cached. */
export function samplePrefix(target: string, slot: Slot, cadence: CadenceKey): string {
  // Joined, not concatenated: a string that is flat once need not be flattened for every capture.
  return ['{"t":', JSON.stringify(target), ',"s":', slot, ',"c":', JSON.stringify(cadence)].join(
    "",
  );
}

export function sampleLine(
  prefix: string,
  round: EpochMs | undefined,
  epoch: number,
  capture: Capture,
): string {
  const { failure, values, timings } = capture;
  const start = `${prefix}${roundHead(round, epoch)}${Math.round(capture.startedAt)},"d":${tenth(capture.durationMs)}`;
  if (failure === undefined && timings === undefined && isEmpty(values))
    return `${start},"ok":true}\n`;
  let line = start + (failure === undefined ? `,"ok":true` : failed(failure));
  if (!isEmpty(values)) line += `,"v":${JSON.stringify(values)}`;
  return timings === undefined ? `${line}}\n` : `${line},"p":${phases(timings)}}\n`;
}

function isEmpty(values: Capture["values"]): boolean {
  for (const _ in values) return false;
  return true;
}

// Samples come round by round, and a line of fewer pieces is flattened faster.
let lastRound: EpochMs | undefined;
let lastEpoch = -1;
let lastHead = "";

/** What lies between a target's own part and its start: the same for a whole round. */
function roundHead(round: EpochMs | undefined, epoch: number): string {
  if (round !== lastRound || epoch !== lastEpoch) {
    lastRound = round;
    lastEpoch = epoch;
    lastHead = round === undefined ? `,"e":${epoch},"a":` : `,"r":${round},"e":${epoch},"a":`;
  }
  return lastHead;
}

function failed(failure: Failure): string {
  return `,"ok":false,"f":"${failure.code}","m":${JSON.stringify(failure.message)}`;
}

function tenth(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function phases(timings: PhaseTimings): string {
  const { dns, connect, tls, firstByte, body } = timings;
  return `[${phase(dns)},${phase(connect)},${phase(tls)},${phase(firstByte)},${phase(body)}]`;
}

function phase(ms: number | undefined): string {
  return ms === undefined ? "null" : String(tenth(ms));
}

export function missedLine(missed: MissedRecord): string {
  const { slot, cadence, from, to, rounds, captures, reason, epoch, targets } = missed;
  const line = {
    k: "missed", s: slot, c: cadence, from: formatWatermark(from), to: formatWatermark(to),
    n: rounds, x: captures, why: reason, e: epoch, ...(targets !== undefined && { ids: targets }),
  }; // prettier-ignore
  return `${JSON.stringify(line)}\n`;
}

/** undefined for a line that is none of ours: a reader counts and skips it. */
export function parseChunkLine(text: string): ChunkRecord | undefined {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof line !== "object" || line === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(line));
  return fields.get("k") === "missed" ? parseMissed(fields) : parseSample(fields);
}

type Fields = ReadonlyMap<string, unknown>;

function parseSample(fields: Fields): SampleRecord | undefined {
  const target = fields.get("t");
  const common = parseCommon(fields);
  const [round, startedAt, duration] = [
    numberOf(fields, "r"),
    numberOf(fields, "a"),
    numberOf(fields, "d"),
  ];
  if (
    typeof target !== "string" ||
    common === undefined ||
    startedAt === undefined ||
    duration === undefined
  )
    return undefined;
  const capture: Capture = {
    startedAt: epochMs(startedAt),
    durationMs: durationMs(duration),
    values: parseValues(fields.get("v")),
    ...(fields.get("ok") !== true && {
      failure: { code: textOf(fields, "f") as FailureCode, message: textOf(fields, "m") },
    }),
    ...(Array.isArray(fields.get("p")) && { timings: parsePhases(fields.get("p")) }),
  };
  return {
    kind: "sample",
    target,
    ...common,
    ...(round !== undefined && { round: epochMs(round) }),
    capture,
  };
}

function parseMissed(fields: Fields): MissedRecord | undefined {
  const common = parseCommon(fields);
  const from = parseWatermark(textOf(fields, "from"));
  const to = parseWatermark(textOf(fields, "to"));
  const [rounds, captures] = [numberOf(fields, "n"), numberOf(fields, "x")];
  if (
    common === undefined ||
    from === undefined ||
    to === undefined ||
    rounds === undefined ||
    captures === undefined
  )
    return undefined;
  const ids = fields.get("ids");
  const targets = Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : undefined;
  const reason = textOf(fields, "why") as MissedReason;
  return {
    kind: "missed",
    ...common,
    from,
    to,
    rounds,
    captures,
    reason,
    ...(targets !== undefined && { targets }),
  };
}

function parseCommon(
  fields: Fields,
): { slot: Slot; cadence: CadenceKey; epoch: number } | undefined {
  const [slot, epoch, cadence] = [numberOf(fields, "s"), numberOf(fields, "e"), fields.get("c")];
  if (slot === undefined || epoch === undefined || typeof cadence !== "string") return undefined;
  // We wrote these lines ourselves; the names are checked, the brands are what was written.
  return { slot: slot as Slot, cadence: cadence as CadenceKey, epoch };
}

function parseValues(value: unknown): Readonly<Record<string, Scalar>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, Scalar] => isScalar(entry[1])),
  );
}

function isScalar(value: unknown): value is Scalar {
  return (
    value === null ||
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "boolean"
  );
}

function parsePhases(value: unknown): PhaseTimings {
  const found: unknown[] = Array.isArray(value) ? value : [];
  const names = ["dns", "connect", "tls", "firstByte", "body"] as const;
  return Object.fromEntries(
    names.flatMap((name, index) =>
      typeof found[index] === "number" ? [[name, found[index]]] : [],
    ),
  );
}

function numberOf(fields: Fields, name: string): number | undefined {
  const value = fields.get(name);
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function textOf(fields: Fields, name: string): string {
  const value = fields.get(name);
  return typeof value === "string" ? value : "";
}
