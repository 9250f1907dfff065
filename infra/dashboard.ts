/** One page that answers: is everything captured on time, does it succeed, who captures, what does it cost? */
import { ArnFormat, Stack } from "aws-cdk-lib";
import { CfnDashboard, type CfnAlarm } from "aws-cdk-lib/aws-cloudwatch";
import type { Construct } from "constructs";
import type { AlarmDefinition, AlarmId } from "#domain/alarm/definition.ts";
import { describeCadence } from "#domain/cadence.ts";
import { formatDuration } from "#domain/duration.ts";
import { manifest } from "#functions/manifest.ts";
import type { Subjects } from "./alarms.ts";
import {
  alarmStates,
  bodyOf,
  computed,
  graph,
  own,
  words,
  type Line,
  type Row,
  type Threshold,
  type Widget,
} from "./dashboard-widgets.ts";
import { collectorPerHour, gigabytes, prices, SECONDS_PER_HOUR } from "./prices.ts";
import type { Settings } from "./settings.ts";

const MS_PER_SECOND = 1_000;
const MINUTES_PER_HOUR = 60;
const DIGITS = 12;
const HEAD_ROWS = 2;
const GRAPH_ROWS = 6;
const TITLE_ROWS = 5;

export interface DashboardProps {
  readonly settings: Settings;
  readonly definitions: readonly AlarmDefinition[];
  readonly alarms: readonly CfnAlarm[];
  readonly subjects: Subjects;
}

export function dashboard(scope: Construct, props: DashboardProps): CfnDashboard {
  const stack = Stack.of(scope);
  const view: View = { ...props, stack, region: stack.region };
  const rows = [...title(view), ...onTime(view), ...outcome(view), ...fleet(view), ...bill(view)];
  return new CfnDashboard(scope, "Dashboard", {
    dashboardName: stack.stackName,
    dashboardBody: stack.toJsonString(bodyOf([...rows, ...trouble(view)])),
  });
}

interface View extends DashboardProps {
  readonly stack: Stack;
  readonly region: string;
}

function alarmArn(stack: Stack, resourceName: string | undefined): string {
  if (resourceName === undefined) throw new Error("found an alarm without a name");
  const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
  return stack.formatArn({ service: "cloudwatch", resource: "alarm", resourceName, arnFormat });
}

function head(markdown: string): Row {
  return { height: HEAD_ROWS, widgets: [words(markdown)] };
}

function graphs(...widgets: readonly Widget[]): Row {
  return { height: GRAPH_ROWS, widgets };
}

function title({ settings, alarms, stack }: View): Row[] {
  return [
    {
      height: TITLE_ROWS,
      widgets: [
        words(
          [
            `# Lamplighter: pool ${settings.pool}`,
            `Up to ${settings.collectors} collectors; alarms are derived from the cadence **${describeCadence(settings.cadence)}**, time-outs up to ${formatDuration(settings.longestTimeoutMs)} and leases of ${formatDuration(settings.leaseTtlMs)}.`,
            "Read from top to bottom: is everything captured on time, does it succeed, who captures it, what does it cost, what went wrong. A gap in every graph means that the health check did not run. What to do about an alarm is in its description and in `docs/runbook.md`.",
          ].join("\n\n"),
        ),
        alarmStates(
          "Alarms",
          // Written out, not asked for: a dashboard needs no alarm to be there before it.
          alarms.map(({ alarmName }) => alarmArn(stack, alarmName)),
        ),
      ],
    },
  ];
}

/** The line beyond which an alarm counts a minute as bad. */
function limitOf({ definitions }: View, id: AlarmId, per = 1): Threshold[] {
  return definitions
    .filter((definition) => definition.id === id)
    .map(({ threshold }) => ({ label: `alarm ${id}`, value: threshold / per }));
}

/** A metric in milliseconds, shown in seconds. */
function seconds({ settings }: View, name: "CollectionLag" | "StartTime", label: string): Line[] {
  const id = name.toLowerCase();
  return [
    own(settings.pool, name, { id, visible: false, stat: "Maximum" }),
    computed({ id: `${id}s`, expression: `${id} / ${MS_PER_SECOND}`, label }),
  ];
}

function onTime(view: View): Row[] {
  const { region, settings } = view;
  const { pool } = settings;
  const lateness = (stat: string): Line => own(pool, "StartLateness", { stat, label: stat });
  return [
    head(
      "## On time?\n**Lag**: how long the oldest capture that is due has waited to be durable; slow targets and the chunk's seconds are in it. **Lateness**: how long after its own moment a capture was started. **Backlog**: rounds that are open.",
    ),
    graphs(
      graph(region, {
        title: "Collection lag",
        unit: "seconds",
        lines: seconds(view, "CollectionLag", "lag (worst slot)"),
        thresholds: limitOf(view, "CollectionLag", MS_PER_SECOND),
      }),
      graph(region, {
        title: "Start lateness",
        unit: "milliseconds",
        lines: [lateness("p50"), lateness("p99"), lateness("p99.9")],
        thresholds: limitOf(view, "StartLateness"),
      }),
      graph(region, {
        title: "Backlog and slots without a collector",
        unit: "rounds",
        rightUnit: "slots",
        lines: [
          own(pool, "BacklogRounds", { label: "rounds begun and not committed" }),
          own(pool, "OrphanedSlots", { label: "slots that nobody captures", yAxis: "right" }),
        ],
      }),
    ),
  ];
}

function outcome(view: View): Row[] {
  const { region, settings } = view;
  const { pool } = settings;
  return [
    head(
      "## Captured?\n**Failed** captures were made and the target did not pass; **missed** ones were not made in time and are recorded as such; **redone** ones a dead collector may have made already. **Above normal** is the share of failures beyond what this fleet usually has.",
    ),
    graphs(
      graph(region, {
        title: "Captures a minute",
        unit: "captures",
        lines: [
          own(pool, "Captures", { label: "captured" }),
          own(pool, "FailedCaptures", { label: "of these failed" }),
          own(pool, "MissedRounds", { label: "missed" }),
          own(pool, "RedoneCaptures", { label: "redone" }),
        ],
      }),
      graph(region, {
        title: "Failures above normal",
        unit: "points of a percent",
        lines: [own(pool, "FailuresAboveNormal", { label: "above normal" })],
        thresholds: limitOf(view, "FailuresAboveNormal"),
      }),
    ),
  ];
}

function fleet(view: View): Row[] {
  const { region, settings } = view;
  const { pool } = settings;
  return [
    head(
      "## Who captures?\n**Running** is how many collectors own a lease, **desired** how many are wanted; an idle fleet has none running. **Utilisation** is how busy the busiest one was: near 100 % it can't keep up. **Start-up** is from starting a collector to its owning the lease.",
    ),
    graphs(
      graph(region, {
        title: "Collectors",
        unit: "collectors",
        lines: [
          own(pool, "CollectorsRunning", { label: "running" }),
          own(pool, "CollectorsDesired", { label: "desired" }),
        ],
        thresholds: [{ label: "most (collectors)", value: settings.collectors }],
      }),
      graph(region, {
        title: "Utilisation of the busiest collector",
        unit: "%",
        rightUnit: "1 = overloaded",
        lines: [
          own(pool, "Utilisation", { label: "busy" }),
          own(pool, "Overload", { label: "overload", stat: "Maximum", yAxis: "right" }),
        ],
        thresholds: [{ label: "full", value: 100 }],
      }),
      graph(region, {
        title: "Start-up time of a collector",
        unit: "seconds",
        lines: seconds(view, "StartTime", "start-up"),
      }),
    ),
  ];
}

function bill(view: View): Row[] {
  const { region, settings } = view;
  const { pool, architecture, chunkEveryMs } = settings;
  const putsPerHour = (SECONDS_PER_HOUR * MS_PER_SECOND) / chunkEveryMs;
  const collector = collectorPerHour(architecture);
  return [
    head(
      `## What does it cost?\nUS dollars an hour at the prices of us-east-1, November 2026: a running collector $${collector.toFixed(4)} (${gigabytes(manifest.collect.memoryMb)} GB, ${architecture}); every store unit at the price of a write, $${(prices.dynamoWriteUnit * 1e6).toFixed(3)} a million, which is the most it can be; chunks $${(prices.s3Put * 1e3).toFixed(3)} a thousand, one each ${formatDuration(chunkEveryMs)} and collector. Without traffic, logs, metrics and storage: \`docs/aws.md\` has the whole bill.`,
    ),
    graphs(
      graph(region, {
        title: "Cost an hour",
        unit: "US dollars an hour",
        lines: [
          own(pool, "CollectorsRunning", { id: "running", visible: false }),
          own(pool, "StoreUnits", { id: "units", visible: false }),
          ...functionDurations(view),
          computed({
            id: "collectors",
            expression: `running * ${decimal(collector)}`,
            label: "collectors",
          }),
          computed({
            id: "store",
            expression: `units * ${decimal(MINUTES_PER_HOUR * prices.dynamoWriteUnit)}`,
            label: "store",
          }),
          computed({
            id: "chunks",
            expression: `running * ${decimal(putsPerHour * prices.s3Put)}`,
            label: "chunks",
          }),
          computed({ id: "others", expression: othersPerHour(view), label: "the other functions" }),
          computed({
            id: "sum",
            expression: "collectors + store + chunks + others",
            label: "sum",
          }),
        ],
        thresholds: [{ label: "maxSpendPerHour (collectors)", value: settings.maxSpendPerHour }],
      }),
      graph(region, {
        title: "Store",
        unit: "units a minute",
        rightUnit: "calls a minute",
        lines: [
          own(pool, "StoreUnits", { label: "read and write units" }),
          own(pool, "ThrottledCalls", { label: "throttled calls", yAxis: "right" }),
        ],
      }),
    ),
  ];
}

const OTHERS = ["rebalance", "health-check"] as const;

function durationId(name: (typeof OTHERS)[number]): string {
  return name.replace("-", "");
}

function functionDurations({ subjects }: View): Line[] {
  return OTHERS.map((name) => [
    "AWS/Lambda",
    "Duration",
    "FunctionName",
    subjects.functionNames[name],
    { id: durationId(name), stat: "Sum", visible: false },
  ]);
}

/** Milliseconds of a period, as dollars of an hour; none while none ended. */
function othersPerHour({ settings }: View): string {
  const price = prices.lambdaGbSecond[settings.architecture];
  return OTHERS.map((name) => {
    const id = durationId(name);
    const perMs = (gigabytes(manifest[name].memoryMb) * SECONDS_PER_HOUR * price) / MS_PER_SECOND;
    return `FILL(${id}, 0) / PERIOD(${id}) * ${decimal(perMs)}`;
  }).join(" + ");
}

/** As metric math takes numbers: without an exponent. */
function decimal(value: number): string {
  return value.toFixed(DIGITS).replace(/\.?0+$/u, "");
}

function trouble(view: View): Row[] {
  const { region, settings, subjects } = view;
  const { pool } = settings;
  const errors = Object.values(manifest).map(({ name }): Line => [
    "AWS/Lambda",
    "Errors",
    "FunctionName",
    subjects.functionNames[name],
    { stat: "Sum", label: name },
  ]);
  return [
    head(
      "## What went wrong?\nAll of these are 0 on a good day. **Dead letters** are invocations that failed for good; **refused configuration** is endpoint files that were not taken; **dropped publications** are metrics that CloudWatch did not take.",
    ),
    graphs(
      graph(region, { title: "Errors of the functions", unit: "invocations", lines: errors }),
      graph(region, {
        title: "Dead letters, refusals, drops",
        unit: "count",
        lines: [
          [
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            "QueueName",
            subjects.deadLetterQueueName,
            { stat: "Maximum", label: "dead letters" },
          ],
          own(pool, "RefusedConfiguration", { label: "refused configuration" }),
          own(pool, "DroppedPublications", { label: "dropped publications" }),
        ],
      }),
    ),
  ];
}
