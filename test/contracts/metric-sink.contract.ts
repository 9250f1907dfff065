/**
 * What every metric sink does, wherever metrics go: seen by what can be read everywhere, the
 * statistics of one metric and minute.
 */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { after, epochMs, type EpochMs } from "#domain/units.ts";
import type { Metric, MetricBatch, MetricSink } from "#ports/metric-sink.ts";

export interface MetricStatistics {
  readonly sampleCount: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
}

export interface MetricSinkUnderTest {
  readonly sink: MetricSink;
  /** Of the minute that begins at `minuteAt`; undefined where nothing was published. */
  statistics(pool: string, name: string, minuteAt: EpochMs): Promise<MetricStatistics | undefined>;
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

/** For sinks whose batches can be read back as they were. */
export function statisticsOf(
  batches: readonly MetricBatch[],
  ...[pool, name, minuteAt]: Parameters<MetricSinkUnderTest["statistics"]>
): MetricStatistics | undefined {
  const pairs = batches
    .filter((batch) => batch.pool === pool && batch.at >= minuteAt && batch.at < minuteAt + MINUTE)
    .flatMap(({ metrics }) => metrics.filter((metric) => metric.name === name))
    .flatMap(({ values, counts }) => values.map((value, i) => [value, counts?.[i] ?? 1] as const));
  if (pairs.length === 0) return undefined;
  return {
    sampleCount: pairs.reduce((sum, [, count]) => sum + count, 0),
    sum: pairs.reduce((sum, [value, count]) => sum + value * count, 0),
    minimum: Math.min(...pairs.map(([value]) => value)),
    maximum: Math.max(...pairs.map(([value]) => value)),
  };
}

const MINUTE = 60_000;
/** Of the past, but not so long ago that CloudWatch would refuse it. */
const AT = epochMs(Math.floor(Date.now() / MINUTE) * MINUTE - 5 * MINUTE);

const one = (value: number): MetricStatistics => ({
  sampleCount: 1,
  sum: value,
  minimum: value,
  maximum: value,
});

export function metricSinkContract(name: string, make: () => Promise<MetricSinkUnderTest>): void {
  describe(`${name} takes metrics`, () => {
    /** A pool that nobody has published for, and what was published of it since. */
    async function setStage() {
      const { sink, statistics } = await make();
      const pool = `pool-${randomUUID()}`;
      return {
        pool,
        sink,
        publish: (metrics: readonly Metric[], at: EpochMs = AT) =>
          sink.publish({ pool, at, metrics }),
        read: (metric: string, at: EpochMs = AT) => statistics(pool, metric, at),
        statistics,
      };
    }
    const gauge = (value: number): Metric => ({ name: "Gauge", unit: "Count", values: [value] });

    it("keeps what was published, distributions included", async () => {
      const { publish, read } = await setStage();
      const { metrics } = metricBatch(AT, 12.5);
      expect(await publish(metrics)).toBe("published");
      expect(await read("CollectionLag")).toEqual(one(12.5));
      expect(await read("StartLateness")).toEqual({
        sampleCount: 1_002,
        sum: 506,
        minimum: 0.5,
        maximum: 3,
      });
      expect(await read("Captures")).toBeUndefined();
    });

    it("takes every unit, zero and what is below it", async () => {
      const { publish, read } = await setStage();
      const units = ["Milliseconds", "Count", "Count/Second", "Percent"] as const;
      const metrics = units.map((unit): Metric => ({ name: unit[0] ?? "", unit, values: [0] }));
      expect(await publish([...metrics, gauge(-3)])).toBe("published");
      expect(await read("P")).toEqual(one(0));
      expect(await read("Gauge")).toEqual(one(-3));
    });

    it("keeps pools and minutes apart", async () => {
      const { publish, read, sink, pool, statistics } = await setStage();
      await publish([gauge(1)]);
      await publish([gauge(2)], after(AT, MINUTE));
      await sink.publish({ pool: `${pool}-2`, at: AT, metrics: [gauge(3)] });
      expect(await read("Gauge")).toEqual(one(1));
      expect(await read("Gauge", after(AT, MINUTE))).toEqual(one(2));
      expect(await statistics(`${pool}-2`, "Gauge", AT)).toEqual(one(3));
    });

    it("adds up what is published twice in a minute", async () => {
      const { publish, read } = await setStage();
      await publish([gauge(1)]);
      await publish([gauge(5)], after(AT, 30_000));
      expect(await read("Gauge")).toEqual({ sampleCount: 2, sum: 6, minimum: 1, maximum: 5 });
    });

    it("keeps a batch as it was when it was published", async () => {
      const { publish, read } = await setStage();
      const values = [1];
      await publish([{ name: "Gauge", unit: "Count", values }]);
      values.push(2);
      expect(await read("Gauge")).toEqual(one(1));
    });

    it("takes a batch of nothing", async () => {
      const { publish } = await setStage();
      expect(await publish([])).toBe("published");
    });

    it("takes more metrics, and more values of one, than one request may carry", async () => {
      const { publish, read } = await setStage();
      const many = Array.from({ length: 1_200 }, (_, n): Metric => {
        return { name: `Metric${n}`, unit: "Count", values: [n] };
      });
      const values = Array.from({ length: 400 }, (_, n) => n);
      const counts = values.map((n) => (n % 3) + 1);
      const wide: Metric = { name: "Wide", unit: "Milliseconds", values, counts };
      expect(await publish([...many, wide])).toBe("published");
      expect(await read("Metric0")).toEqual(one(0));
      expect(await read("Metric1199")).toEqual(one(1_199));
      expect(await read("Wide")).toEqual({
        sampleCount: counts.reduce((sum, count) => sum + count, 0),
        sum: values.reduce((sum, value, n) => sum + value * (counts[n] ?? 0), 0),
        minimum: 0,
        maximum: 399,
      });
    });

    it.each<[string, Pick<Metric, "values" | "counts">]>([
      ["is no number", { values: [Number.NaN] }],
      ["is infinite", { values: [1, Number.NEGATIVE_INFINITY] }],
      ["is too large", { values: [2 ** 361] }],
      ["is too small", { values: [2 ** -361] }],
      ["isn't there", { values: [] }],
      ["has no count", { values: [1, 2], counts: [1] }],
      ["has a count of zero", { values: [1, 2], counts: [1, 0] }],
      ["has a count that is none", { values: [1], counts: [Number.NaN] }],
    ])("drops the batch, without failing its caller, when a value %s", async (_what, bad) => {
      const { publish, read } = await setStage();
      const metric: Metric = { name: "Gauge", unit: "Count", ...bad };
      const good: Metric = { name: "Good", unit: "Count", values: [1] };
      expect(await publish([good, metric])).toBe("dropped");
      expect(await read("Good")).toBeUndefined();
      expect(await publish([good])).toBe("published");
      expect(await read("Good")).toEqual(one(1));
    });
  });
}
