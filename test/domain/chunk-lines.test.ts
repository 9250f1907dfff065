import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { cadenceKey, every } from "#domain/cadence.ts";
import { missedLine, parseChunkLine, sampleLine, samplePrefix } from "#domain/chunk-lines.ts";
import type { Scalar } from "#domain/http-settings.ts";
import type { ChunkRecord, MissedRecord, SampleRecord } from "#domain/sample.ts";
import { slot } from "#domain/slot.ts";
import { durationMs, epochMs } from "#domain/units.ts";

const text = fc.string({ unit: "binary", maxLength: 60 });
const moment = fc.integer({ min: 0, max: 4_000_000_000_000 }).map(epochMs);
const tenths = fc.integer({ min: 0, max: 600_000 }).map((count) => count / 10);
const anySlot = fc.nat(2 ** 16 - 1).map((index) => slot(index, 16));
const cadence = cadenceKey(every(60_000));
const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  text,
  fc.integer(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (Object.is(value, -0) ? 0 : value)),
  fc.boolean(),
  fc.constant(null),
);
const values = fc.dictionary(text, scalar, { maxKeys: 5, noNullPrototype: true });
const timings = fc.record(
  { dns: tenths, connect: tenths, tls: tenths, firstByte: tenths, body: tenths },
  { requiredKeys: [] },
);
const failure = fc.record({
  code: fc.constantFrom("timeout" as const, "assertion" as const),
  message: text,
});

const sample: fc.Arbitrary<SampleRecord> = fc
  .record(
    {
      target: text,
      slot: anySlot,
      epoch: fc.nat(),
      round: moment,
      startedAt: moment,
      duration: tenths,
      values,
      failure,
      timings,
    },
    { requiredKeys: ["target", "slot", "epoch", "startedAt", "duration", "values"] },
  )
  .map(({ startedAt, duration, values: found, failure: failed, timings: phases, ...rest }) => ({
    kind: "sample",
    cadence,
    ...rest,
    capture: {
      startedAt,
      durationMs: durationMs(duration),
      values: found,
      ...(failed !== undefined && { failure: failed }),
      ...(phases !== undefined && { timings: phases }),
    },
  }));

const watermark = fc.record({ at: moment, offset: fc.integer({ min: -1, max: 2 ** 32 }) });
const missed: fc.Arbitrary<MissedRecord> = fc
  .record(
    {
      slot: anySlot,
      from: watermark,
      to: watermark,
      rounds: fc.nat(),
      captures: fc.nat(),
      reason: fc.constantFrom(
        "late" as const,
        "overrun" as const,
        "registered" as const,
        "stopped" as const,
      ),
      epoch: fc.nat(),
      targets: fc.array(text, { maxLength: 5 }),
    },
    { requiredKeys: ["slot", "from", "to", "rounds", "captures", "reason", "epoch"] },
  )
  .map((record) => ({ kind: "missed", cadence, ...record }));

function lineOf(record: ChunkRecord): string {
  if (record.kind === "missed") return missedLine(record);
  const prefix = samplePrefix(record.target, record.slot, record.cadence);
  return sampleLine(prefix, record.round, record.epoch, record.capture);
}

describe("the lines of a chunk", () => {
  it("are read as they were written", () => {
    fc.assert(
      fc.property(fc.oneof(sample, missed), (record) => {
        expect(parseChunkLine(lineOf(record))).toEqual(record);
      }),
    );
  });

  it("are one line each, whatever is in them", () => {
    fc.assert(
      fc.property(fc.oneof(sample, missed), (record) => {
        const line = lineOf(record);
        expect(line.indexOf("\n")).toBe(line.length - 1);
      }),
    );
  });

  it("have an answer for any text and any JSON", () => {
    const altered = fc
      .tuple(fc.oneof(sample, missed), fc.nat(), fc.jsonValue())
      .map(([record, choice, value]) => {
        const fields = new Map(
          Object.entries(z.record(z.string(), z.unknown()).parse(JSON.parse(lineOf(record)))),
        );
        const names = [...fields.keys()];
        fields.set(names[choice % names.length] ?? "t", value);
        return JSON.stringify(Object.fromEntries(fields));
      });
    const anything = fc.oneof(fc.string(), fc.json(), altered);
    fc.assert(
      fc.property(anything, (line) => {
        const record = parseChunkLine(line);
        if (record !== undefined) expect(["sample", "missed"]).toContain(record.kind);
      }),
      { numRuns: 1_000 },
    );
  });

  it("know no record in what is none of ours", () => {
    for (const line of ["", "{", "null", "[]", "3", '"x"', "{}", '{"k":"missed"}', '{"t":"x"}']) {
      expect(parseChunkLine(line)).toBeUndefined();
    }
  });
});
