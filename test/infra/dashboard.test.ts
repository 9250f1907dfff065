import { describe, expect, it } from "vitest";
import * as z from "zod";
import { METRIC_NAMES } from "#domain/metric.ts";
import { templateOf } from "./synthesised.ts";

const shown = z.looseObject({
  id: z.string().optional(),
  expression: z.string().optional(),
  label: z.string().optional(),
  visible: z.boolean().optional(),
});
const body = z.object({
  periodOverride: z.literal("inherit"),
  widgets: z.array(
    z.object({
      type: z.enum(["metric", "text", "alarm"]),
      x: z.number(),
      y: z.number(),
      width: z.number(),
      height: z.number(),
      properties: z.looseObject({
        title: z.string().optional(),
        markdown: z.string().optional(),
        alarms: z.array(z.string()).optional(),
        metrics: z.array(z.array(z.union([z.string(), shown]))).optional(),
        annotations: z
          .object({ horizontal: z.array(z.object({ label: z.string(), value: z.number() })) })
          .optional(),
      }),
    }),
  ),
});
type Widget = z.output<typeof body>["widgets"][number];

function dashboardOf(context: Readonly<Record<string, unknown>> = {}): readonly Widget[] {
  const found = templateOf(context).findResources("AWS::CloudWatch::Dashboard");
  const { DashboardBody } = z
    .object({ Properties: z.object({ DashboardBody: z.unknown() }) })
    .parse(found["Dashboard"]).Properties;
  const parts = z.object({ "Fn::Join": z.tuple([z.string(), z.array(z.unknown())]) });
  const text = parts
    .parse(DashboardBody)
    ["Fn::Join"][1].map((part) => (typeof part === "string" ? part : "NAME"))
    .join("");
  return body.parse(JSON.parse(text)).widgets;
}

const widgets = dashboardOf();
const graphs = widgets.filter(({ type }) => type === "metric");
const titled = (title: string, from = widgets): Widget | undefined =>
  from.find(({ properties }) => properties.title === title);
const limitsOf = (title: string, from = widgets): readonly number[] =>
  titled(title, from)?.properties.annotations?.horizontal.map(({ value }) => value) ?? [];
const thresholdOf = (id: string, context = {}): number =>
  z
    .object({ Properties: z.object({ Threshold: z.number() }) })
    .parse(templateOf(context).findResources("AWS::CloudWatch::Alarm")[id]).Properties.Threshold;

describe("the dashboard", () => {
  it("shows every metric of the pool", () => {
    const text = JSON.stringify(graphs);
    for (const name of METRIC_NAMES) expect(text).toContain(`"${name}"`);
  });

  it("lies on 24 columns, and nothing on anything else", () => {
    const taken = new Set<string>();
    for (const { x, y, width, height } of widgets) {
      expect(x + width).toBeLessThanOrEqual(24);
      for (let column = x; column < x + width; column += 1) {
        for (let row = y; row < y + height; row += 1) {
          const place = `${column},${row}`;
          expect(taken.has(place)).toBe(false);
          taken.add(place);
        }
      }
    }
  });

  it("says above each row of graphs what it shows, and names every line and axis", () => {
    const texts = widgets.filter(({ properties }) => properties.markdown?.startsWith("##"));
    for (const graph of graphs) {
      const above = texts.filter(({ y, height }) => y + height === graph.y);
      expect(above, graph.properties.title).toHaveLength(1);
      expect(graph.properties.title).toBeDefined();
      for (const line of graph.properties.metrics ?? []) {
        const how = shown.parse(line.at(-1));
        if (how.visible !== false) expect(how.label).toBeDefined();
      }
    }
  });

  it("computes from what is there only", () => {
    for (const { properties } of graphs) {
      const lines = (properties.metrics ?? []).map((line) => shown.parse(line.at(-1)));
      const ids = new Set(lines.flatMap(({ id }) => id ?? []));
      for (const { expression } of lines) {
        if (expression === undefined) continue;
        // Metric math documents plain decimals only, no exponents.
        expect(expression).not.toMatch(/\de[-+]?\d/u);
        for (const id of expression.match(/\b[a-z][a-z0-9]*\b/gu) ?? []) {
          expect(ids, `${id} in ${expression}`).toContain(id);
        }
      }
      expect(ids.size).toBe(lines.filter(({ id }) => id !== undefined).length);
    }
  });

  it("draws the lines that alarms ring at, wherever settings put them", () => {
    const slow = { cadence: "every 10m", waitMultiplier: 3 };
    const slowWidgets = dashboardOf(slow);
    expect(limitsOf("Collection lag")).toEqual([thresholdOf("CollectionLag") / 1_000]);
    expect(limitsOf("Collection lag", slowWidgets)).toEqual([
      thresholdOf("CollectionLag", slow) / 1_000,
    ]);
    expect(limitsOf("Start lateness")).toEqual([thresholdOf("StartLateness")]);
    expect(limitsOf("Failures above normal")).toEqual([thresholdOf("FailuresAboveNormal")]);
    expect(thresholdOf("CollectionLag", slow)).toBeGreaterThan(thresholdOf("CollectionLag"));
  });

  it("shows the state of every alarm", () => {
    const states = widgets.find(({ type }) => type === "alarm");
    expect(states?.properties.alarms).toHaveLength(
      Object.keys(templateOf().findResources("AWS::CloudWatch::Alarm")).length,
    );
  });

  it("sums the cost of an hour from its parts, with the prices said", () => {
    const cost = titled("Cost an hour");
    const sum = (cost?.properties.metrics ?? [])
      .map((line) => shown.parse(line.at(-1)))
      .find(({ label }) => label === "sum");
    expect(sum?.expression).toBe("collectors + store + chunks + others");
    const others = (cost?.properties.metrics ?? [])
      .map((line) => shown.parse(line.at(-1)))
      .find(({ id }) => id === "others");
    // 256 MB that ran for the whole period cost the same an hour, however long a period is shown.
    expect(others?.expression).toContain("FILL(rebalance, 0) / PERIOD(rebalance) * 0.00001200006");
    const prices = widgets.find(({ properties }) => properties.markdown?.includes("cost?"));
    for (const price of ["$0.0240", "$0.625", "$0.005", "us-east-1", "November 2026"]) {
      expect(prices?.properties.markdown).toContain(price);
    }
  });

  it("fits into what CloudWatch takes", () => {
    expect(widgets.length).toBeLessThanOrEqual(500);
    for (const { properties } of graphs) {
      expect(properties.metrics?.length ?? 0).toBeLessThanOrEqual(500);
    }
  });
});
