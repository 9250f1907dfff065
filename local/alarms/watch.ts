/**
 * Evaluates the alarms every minute, some seconds into it, over the metrics that the functions
 * publish and those that the platform counts: the definitions that are deployed, as CloudWatch
 * evaluates them.
 *
 * Holds: an evaluation never begins before the one before it has ended; after `stop` nothing is
 *        waiting, and the file is gone.
 * Fails: never: metrics that can't be read are told once, and the alarms stay as they were.
 */
import { join } from "node:path";
import { readMetrics } from "#adapters/filesystem/metric-sink.ts";
import type { AlarmDefinition, AlarmMetric, Datapoint } from "#domain/alarm/definition.ts";
import { evaluationRangeMs } from "#domain/alarm/evaluate.ts";
import { epochMs } from "#domain/units.ts";
import { METRICS_FILE } from "#functions/shared/metrics-location.ts";
import type { Clock } from "#ports/clock.ts";
import type { MetricBatch } from "#ports/metric-sink.ts";
import type { CloudEvent, CloudListener } from "../events.ts";
import { localLimits } from "../local-limits.ts";
import type { DataPaths } from "../paths.ts";
import { alarmBoard, type AlarmView } from "./board.ts";
import { platformMetrics } from "./platform-metrics.ts";
import { removeAlarms, writeAlarms } from "./state-file.ts";

export interface AlarmWatchOptions {
  readonly definitions: readonly AlarmDefinition[];
  readonly pool: string;
  readonly paths: DataPaths;
  readonly clock: Clock;
  readonly emit: CloudListener;
}

export interface AlarmWatch {
  alarms(): readonly AlarmView[];
  /** What happens in the cloud: what its platform would count. */
  see(event: CloudEvent): void;
  /** Resolves when no evaluation is under way. */
  evaluated(): Promise<void>;
  stop(): Promise<void>;
}

const MINUTE_MS = 60_000;

export function watchAlarms(options: AlarmWatchOptions): AlarmWatch {
  const { definitions, pool, paths, clock, emit } = options;
  const board = alarmBoard(definitions, clock.now());
  const platform = platformMetrics();
  const file = join(paths.metrics, METRICS_FILE);
  const lookBackMs = Math.max(
    ...definitions.flatMap((each) =>
      each.metric.of.kind === "pool" ? [evaluationRangeMs(each)] : [],
    ),
  );
  let running: Promise<void> | undefined;
  let problem: string | undefined;
  let cancel = plan();

  function plan(): () => void {
    const left = MINUTE_MS - (clock.now() % MINUTE_MS) + localLimits.alarmsAfterMinuteMs;
    return clock.after(left, () => {
      cancel = plan();
      running ??= evaluate().finally(() => {
        running = undefined;
      });
    });
  }

  async function evaluate(): Promise<void> {
    const now = clock.now();
    try {
      const since = epochMs(now - lookBackMs - MINUTE_MS);
      const { batches } = await readMetrics(file, since);
      const published = batches.filter((batch) => batch.pool === pool);
      const seen = (metric: AlarmMetric): readonly Datapoint[] =>
        metric.of.kind === "pool"
          ? ownDatapoints(published, metric.name)
          : platform.datapoints(metric, now);
      for (const change of board.evaluate(now, seen)) emit({ kind: "alarm", ...change });
      await writeAlarms(paths.root, { pool, evaluatedAt: now, alarms: board.alarms().map(kept) });
      problem = undefined;
    } catch (error) {
      const text = `alarms can't be evaluated: ${error instanceof Error ? error.message : String(error)}`; // prettier-ignore
      if (problem !== text) emit({ kind: "note", level: "warn", text });
      problem = text;
    }
  }

  return {
    alarms: () => board.alarms(),
    see: (event) => platform.see(event, clock.now()),
    evaluated: async () => running,
    async stop() {
      cancel();
      await running;
      await removeAlarms(paths.root);
    },
  };
}

function kept({ id, value, reason, since }: AlarmView): Omit<AlarmView, "text"> {
  return { id, value, reason, since };
}

function ownDatapoints(batches: readonly MetricBatch[], name: string): readonly Datapoint[] {
  return batches.flatMap(({ at, metrics }) =>
    metrics
      .filter((metric) => metric.name === name)
      .map(({ values, counts }) => ({ at, values, ...(counts !== undefined && { counts }) })),
  );
}
