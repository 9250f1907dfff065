import fc from "fast-check";
import { expect, it } from "vitest";
import {
  BYTES_PER_REQUEST_MAX,
  DATA_PER_REQUEST_MAX,
  requestsOf,
  VALUES_PER_DATUM_MAX,
} from "#adapters/cloudwatch/requests.ts";
import { epochMs } from "#domain/units.ts";
import type { Metric } from "#ports/metric-sink.ts";

const at = epochMs(Date.UTC(2026, 10, 21, 13));

const metric: fc.Arbitrary<Metric> = fc
  .record({
    name: fc.string({ minLength: 1, maxLength: 255 }),
    size: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 500 })),
    hasCounts: fc.boolean(),
  })
  .map(({ name, size, hasCounts }) => {
    const values = Array.from({ length: size }, (_, n) => n + Math.PI);
    return {
      name,
      unit: "Count",
      values,
      ...(hasCounts && { counts: values.map((_, n) => n + 1) }),
    };
  });

it("every value of every metric is in a request, once and in order, with its count", () => {
  fc.assert(
    fc.property(fc.array(metric, { maxLength: 50 }), (metrics) => {
      const data = requestsOf({ pool: "p", at, metrics }).flat();
      const sent = data.flatMap(({ MetricName, Value, Values, Counts }) =>
        (Values ?? [Value]).map((value, n) => [MetricName, value, Counts?.[n]]),
      );
      const given = metrics.flatMap(({ name, values, counts }) =>
        values.map((value, n) => [name, value, counts?.[n]]),
      );
      expect(sent).toEqual(given);
    }),
  );
});

it("no request is beyond what one may carry, and none is empty", () => {
  const many = fc.tuple(metric, fc.integer({ min: 1, max: 3_000 }));
  fc.assert(
    fc.property(many, ([one, count]) => {
      const metrics = Array.from({ length: count }, () => one);
      const requests = requestsOf({ pool: "p", at, metrics });
      for (const data of requests) {
        expect(data.length).toBeGreaterThan(0);
        expect(data.length).toBeLessThanOrEqual(DATA_PER_REQUEST_MAX);
        expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThanOrEqual(
          BYTES_PER_REQUEST_MAX + 2,
        );
        for (const { Values = [] } of data)
          expect(Values.length).toBeLessThanOrEqual(VALUES_PER_DATUM_MAX);
      }
    }),
    { numRuns: 20 },
  );
});

it("a batch of nothing needs no request", () => {
  expect(requestsOf({ pool: "p", at, metrics: [] })).toEqual([]);
});
