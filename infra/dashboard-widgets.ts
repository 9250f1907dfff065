/**
 * Parts of a CloudWatch dashboard's body: what the stack needs of its format, as plain values.
 * Source: CloudWatch API Reference, "Dashboard body structure and syntax" (read 2026-11).
 */
import { METRIC_DIMENSION, METRIC_NAMESPACE, type MetricName } from "#domain/metric.ts";

export const COLUMNS = 24;
const PERIOD_SECONDS = 60;

interface Shown {
  readonly label?: string;
  readonly stat?: string;
  readonly id?: string;
  readonly visible?: boolean;
  readonly yAxis?: "left" | "right";
  readonly color?: string;
}

export interface Expression extends Omit<Shown, "stat"> {
  readonly expression: string;
}

/** Namespace, name, dimensions and how it is shown; or what is computed from others. */
export type Line = readonly (string | Shown)[] | readonly [Expression];

export interface Threshold {
  readonly label: string;
  readonly value: number;
}

export interface Graph {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly unit: string;
  readonly rightUnit?: string;
  readonly thresholds?: readonly Threshold[];
}

export interface Widget {
  readonly type: "metric" | "text" | "alarm";
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface Row {
  readonly height: number;
  readonly widgets: readonly Widget[];
}

/** A metric of ours. */
export function own(pool: string, name: MetricName, shown: Shown): Line {
  return [METRIC_NAMESPACE, name, METRIC_DIMENSION, pool, { stat: "Average", ...shown }];
}

export function computed(expression: Expression): Line {
  return [expression];
}

export function graph(region: string, given: Graph): Widget {
  const { title, lines, unit, rightUnit, thresholds = [] } = given;
  return {
    type: "metric",
    properties: {
      title,
      region,
      view: "timeSeries",
      stacked: false,
      period: PERIOD_SECONDS,
      metrics: lines,
      yAxis: {
        left: { label: unit, min: 0, showUnits: false },
        ...(rightUnit === undefined
          ? {}
          : { right: { label: rightUnit, min: 0, showUnits: false } }),
      },
      ...(thresholds.length === 0 ? {} : { annotations: { horizontal: thresholds } }),
    },
  };
}

export function words(markdown: string): Widget {
  return { type: "text", properties: { markdown } };
}

export function alarmStates(title: string, arns: readonly string[]): Widget {
  return { type: "alarm", properties: { title, alarms: arns } };
}

/** Rows from top to bottom, the widgets of each side by side and equally wide. */
export function bodyOf(rows: readonly Row[]): Record<string, unknown> {
  const widgets: unknown[] = [];
  let y = 0;
  for (const { height, widgets: inRow } of rows) {
    const width = Math.floor(COLUMNS / inRow.length);
    for (const [place, widget] of inRow.entries()) {
      widgets.push({ ...widget, x: place * width, y, width, height });
    }
    y += height;
  }
  // A longer view keeps the minutes that the sums are per.
  return { start: "-PT3H", periodOverride: "inherit", widgets };
}
