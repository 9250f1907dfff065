/**
 * What a partition key value takes: 1,000 write units and 3,000 read units a second, each a bucket
 * that refills steadily.
 *
 * A request is served while its bucket isn't empty, and may overdraw it (a 1 MB page is 256 units);
 * the debt is paid before the next one is served.
 *
 * Differs from the service: every partition key value is a partition of its own from the start (the
 * service puts many into one, and splits one by sort key when it stays hot); no adaptive capacity; no
 * burst capacity beyond one second's worth (the service keeps up to 300 s of what wasn't used) unless
 * asked for; no limits of tables or accounts, no ramp-up of a new on-demand table.
 *
 * Source: "Burst and adaptive capacity", "Designing partition keys to distribute your workload",
 *         Amazon DynamoDB Developer Guide (read 2026-11).
 */
export interface ThroughputOptions {
  readonly writeUnitsPerSecond: number;
  readonly readUnitsPerSecond: number;
  /** What a bucket holds, in seconds of its rate. */
  readonly burstSeconds: number;
  readonly now: () => number;
}

export interface PeakUnits {
  readonly tableName: string;
  readonly partition: string;
  /** Most units in one whole second (of the clock), and when that second began. */
  readonly write: { readonly units: number; readonly at: number };
  readonly read: { readonly units: number; readonly at: number };
}

export interface Throughput {
  /** Whether a request of this kind is served now. */
  takes(tableName: string, partition: string, kind: "read" | "write"): boolean;
  charge(
    tableName: string,
    partition: string,
    units: { readonly read: number; readonly write: number },
  ): void;
  /** Of every partition that was ever used, the busiest writer first. */
  peaks(): readonly PeakUnits[];
  /** Forgets the peaks, keeps the buckets. */
  forgetPeaks(): void;
}

interface Meter {
  readonly perSecond: number;
  level: number;
  filledAt: number;
  second: number;
  units: number;
  peak: number;
  peakAt: number;
}

interface Partition {
  readonly tableName: string;
  readonly partition: string;
  readonly read: Meter;
  readonly write: Meter;
}

const SECOND_MS = 1_000;

export function throughput(options: ThroughputOptions): Throughput {
  const { burstSeconds, now } = options;
  const tables = new Map<string, Map<string, Partition>>();

  function meterOf(perSecond: number): Meter {
    const level = perSecond * burstSeconds;
    return { perSecond, level, filledAt: now(), second: 0, units: 0, peak: 0, peakAt: 0 };
  }

  function partitionOf(tableName: string, name: string): Partition {
    let partitions = tables.get(tableName);
    if (partitions === undefined) {
      partitions = new Map();
      tables.set(tableName, partitions);
    }
    const known = partitions.get(name);
    if (known !== undefined) return known;
    const made = {
      tableName,
      partition: name,
      read: meterOf(options.readUnitsPerSecond),
      write: meterOf(options.writeUnitsPerSecond),
    };
    partitions.set(name, made);
    return made;
  }

  function refill(meter: Meter): void {
    const passed = now() - meter.filledAt;
    if (passed <= 0) return;
    const full = meter.perSecond * burstSeconds;
    meter.level = Math.min(full, meter.level + (passed * meter.perSecond) / SECOND_MS);
    meter.filledAt = now();
  }

  function take(meter: Meter, units: number): void {
    if (units === 0) return;
    refill(meter);
    meter.level -= units;
    const second = Math.floor(now() / SECOND_MS);
    if (second !== meter.second) {
      meter.second = second;
      meter.units = 0;
    }
    meter.units += units;
    if (meter.units <= meter.peak) return;
    meter.peak = meter.units;
    meter.peakAt = second * SECOND_MS;
  }

  function all(): Partition[] {
    return [...tables.values()].flatMap((partitions) => [...partitions.values()]);
  }

  return {
    takes(tableName, partition, kind) {
      const meter = partitionOf(tableName, partition)[kind];
      refill(meter);
      return meter.level > 0;
    },
    charge(tableName, partition, { read, write }) {
      const known = partitionOf(tableName, partition);
      take(known.read, read);
      take(known.write, write);
    },
    peaks: () =>
      all()
        .map(({ tableName, partition, read, write }) => ({
          tableName,
          partition,
          write: { units: write.peak, at: write.peakAt },
          read: { units: read.peak, at: read.peakAt },
        }))
        .sort((a, b) => b.write.units - a.write.units),
    forgetPeaks() {
      for (const { read, write } of all()) {
        for (const meter of [read, write]) meter.peak = meter.units = 0;
      }
    },
  };
}
