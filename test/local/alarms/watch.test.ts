import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { filesystemMetricSink } from "#adapters/filesystem/metric-sink.ts";
import { alarmDefinitions } from "#domain/alarm/alarms.ts";
import { ALARM_SETTINGS_DEFAULT } from "#domain/alarm/thresholds.ts";
import { METRIC_NAMES, METRICS } from "#domain/metric.ts";
import type { Metric } from "#ports/metric-sink.ts";
import type { CloudEvent } from "#local/events.ts";
import { readAlarms } from "#local/alarms/state-file.ts";
import { watchAlarms, type AlarmWatch } from "#local/alarms/watch.ts";
import { METRICS_FILE } from "#functions/shared/metrics-location.ts";
import { dataPaths } from "#local/paths.ts";
import { keptLog } from "#test/support/quiet.ts";
import { settableClock } from "#test/support/settable-clock.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const newFolder = temporaryFolders();
const MINUTE = 60_000;

interface Stage {
  readonly clock: ReturnType<typeof settableClock>;
  readonly events: CloudEvent[];
  readonly watch: AlarmWatch;
  readonly root: string;
  /** A health check that finds this; another pool, on the same metrics file, is in flames. */
  check(found?: Partial<Record<keyof typeof METRICS, number>>): Promise<void>;
  rebalance(): void;
  /** Lets a minute pass, and the evaluation in it. */
  minute(): Promise<void>;
}

async function stage(): Promise<Stage> {
  const clock = settableClock("2026-11-21T12:00:10Z");
  const root = await newFolder();
  const paths = dataPaths(root);
  const events: CloudEvent[] = [];
  const watch = watchAlarms({
    definitions: alarmDefinitions(ALARM_SETTINGS_DEFAULT),
    pool: "default",
    paths,
    clock,
    emit: (event) => events.push(event),
  });
  const sink = filesystemMetricSink({ file: join(paths.metrics, METRICS_FILE), log: keptLog() });
  return {
    clock,
    events,
    watch,
    root,
    async check(found = {}) {
      const at = clock.now();
      const metrics = (value: (name: keyof typeof METRICS) => number): Metric[] =>
        METRIC_NAMES.map((name) => ({ name, unit: METRICS[name].unit, values: [value(name)] }));
      await sink.publish({ pool: "default", at, metrics: metrics((name) => found[name] ?? 0) });
      await sink.publish({ pool: "other", at, metrics: metrics(() => 1e9) });
    },
    rebalance() {
      const invocation = { requestId: "r", pid: 1, attempt: 1, durationMs: 20 } as const;
      watch.see({
        kind: "invocation-ended",
        name: "rebalance",
        outcome: "succeeded",
        ...invocation,
      });
    },
    async minute() {
      await clock.advance(MINUTE);
      await watch.evaluated();
    },
  };
}

async function minutes(world: Stage, refused: readonly number[]): Promise<void> {
  for (const each of refused) {
    world.rebalance();
    await world.check({ RefusedConfiguration: each });
    await world.minute();
  }
}

const ringing = ({ watch }: Stage): readonly string[] =>
  watch.alarms().flatMap(({ id, value }) => (value === "ALARM" ? [id] : []));

describe("the alarms of a local cloud", () => {
  test("are evaluated each minute over what the functions publish for this pool", async () => {
    const world = await stage();
    await minutes(world, [0, 0, 0]);
    expect(new Set(world.watch.alarms().map(({ value }) => value))).toEqual(new Set(["OK"]));
    await minutes(world, [1, 1, 1]);
    expect(ringing(world)).toEqual(["RefusedConfiguration"]);
    await world.watch.stop();
    expect(world.clock.pending).toBe(0);
  });

  test("that ring, and end, are told as events, once each", async () => {
    const world = await stage();
    await minutes(world, [0, 0, 1, 1, 1, 1, 0, 0]);
    const told = world.events.flatMap((event) => (event.kind === "alarm" ? [event] : []));
    const rings = told.filter(({ from, alarm }) => from === "ALARM" || alarm.value === "ALARM");
    expect(rings).toMatchObject([
      { from: "OK", alarm: { id: "RefusedConfiguration", value: "ALARM" } },
      { from: "ALARM", forMs: 2 * MINUTE, alarm: { id: "RefusedConfiguration", value: "OK" } },
    ]);
    await world.watch.stop();
  });

  test("are kept in a file that another process reads, and that goes with the watch", async () => {
    const world = await stage();
    expect(await readAlarms(world.root)).toBeUndefined();
    await minutes(world, [0]);
    const kept = await readAlarms(world.root);
    expect(kept).toEqual({
      pool: "default",
      evaluatedAt: world.clock.now() - 5_000,
      alarms: world.watch
        .alarms()
        .map(({ id, value, reason, since }) => ({ id, value, reason, since })),
    });
    await world.watch.stop();
    expect(await readAlarms(world.root)).toBeUndefined();
  });

  test("a rebalancer that is silent rings alone, six minutes after it was heard of last", async () => {
    const world = await stage();
    await minutes(world, [0]);
    const after: string[][] = [];
    for (let each = 0; each < 6; each += 1) {
      await world.check();
      await world.minute();
      after.push([...ringing(world)]);
    }
    expect(after).toEqual([[], [], [], [], ["RebalancerSilent"], ["RebalancerSilent"]]);
    await world.watch.stop();
  });

  test("metrics that can't be read are said once; the alarms stay as they were", async () => {
    const world = await stage();
    await minutes(world, [0]);
    const before = world.watch.alarms();
    const file = join(dataPaths(world.root).metrics, METRICS_FILE);
    await rename(file, `${file}.away`);
    await mkdir(file);
    await world.minute();
    await world.minute();
    const notes = world.events.filter(({ kind }) => kind === "note");
    expect(notes).toMatchObject([{ level: "warn" }]);
    expect(world.watch.alarms()).toEqual(before);
    await world.watch.stop();
  });
});
