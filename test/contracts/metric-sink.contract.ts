/**
 * What every metric sink does, wherever metrics go.
 */
import { describe, expect, it } from "vitest";
import { epochMs } from "#domain/units.ts";
import type { MetricBatch, MetricSink } from "#ports/metric-sink.ts";

export interface MetricSinkUnderTest {
  readonly sink: MetricSink;
  /** What was published, in order. */
  published(): Promise<readonly MetricBatch[]>;
}

export function metricBatch(at: number, value = at): MetricBatch {
  return {
    pool: "main",
    at: epochMs(at),
    metrics: [
      { name: "CollectionLag", unit: "Milliseconds", values: [value] },
      { name: "StartLateness", unit: "Milliseconds", values: [0.5, 3], counts: [1_000, 2] },
    ],
  };
}

export function metricSinkContract(name: string, make: () => Promise<MetricSinkUnderTest>): void {
  describe(`${name} takes metrics`, () => {
    it("keeps what was published, distributions included", async () => {
      const { sink, published } = await make();
      expect(await sink.publish(metricBatch(1))).toBe("published");
      expect(await sink.publish({ pool: "other", at: epochMs(2), metrics: [] })).toBe("published");
      expect(await published()).toEqual([metricBatch(1), { pool: "other", at: 2, metrics: [] }]);
    });

    it("keeps a batch as it was when it was published", async () => {
      const { sink, published } = await make();
      const values = [1];
      const metrics = [{ name: "Captures", unit: "Count" as const, values }];
      await sink.publish({ pool: "main", at: epochMs(1), metrics });
      values.push(2);
      expect((await published())[0]?.metrics[0]?.values).toEqual([1]);
    });

    it("drops what is no number, without failing its caller", async () => {
      const { sink, published } = await make();
      expect(await sink.publish(metricBatch(1, Number.NaN))).toBe("dropped");
      expect(await sink.publish(metricBatch(1, Number.POSITIVE_INFINITY))).toBe("dropped");
      expect(await sink.publish(metricBatch(2))).toBe("published");
      expect(await published()).toEqual([metricBatch(2)]);
    });
  });
}
