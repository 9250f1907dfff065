/** The alarms as they are deployed; that they are the list's, word for word, is alarm-template.test.ts. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { ALARM_IDS } from "#domain/alarm/definition.ts";
import { templateOf } from "./synthesised.ts";

const alarm = z.object({
  Properties: z.looseObject({
    AlarmName: z.string(),
    Namespace: z.string(),
    MetricName: z.string(),
    Dimensions: z.array(z.object({ Name: z.string(), Value: z.unknown() })),
    TreatMissingData: z.string(),
    AlarmActions: z.array(z.unknown()),
    OKActions: z.array(z.unknown()),
    AlarmDescription: z.string().max(1_024),
    Threshold: z.number(),
  }),
});

function alarmsOf(context: Readonly<Record<string, unknown>> = {}) {
  const found = z
    .record(z.string(), alarm)
    .parse(templateOf(context).findResources("AWS::CloudWatch::Alarm"));
  return new Map(Object.entries(found).map(([id, { Properties }]) => [id, Properties]));
}
const alarms = alarmsOf({ pool: "edge" });

describe("alarms", () => {
  it("are those of the list, by their own names", () => {
    expect([...alarms.keys()].toSorted()).toEqual([...ALARM_IDS].toSorted());
    for (const [id, { AlarmName }] of alarms) expect(AlarmName).toBe(`Lamplighter-edge-${id}`);
  });

  it("ring for silence where silence is the incident, and nowhere else", () => {
    const breaching = [...alarms].filter(([, found]) => found.TreatMissingData === "breaching");
    expect(breaching.map(([id]) => id).toSorted()).toEqual([
      "HealthCheckSilent",
      "RebalancerSilent",
    ]);
    for (const [id, { TreatMissingData, Namespace }] of alarms) {
      if (breaching.some(([silent]) => silent === id)) continue;
      // Ours are published as 0 when all is well; AWS's own are not published at all.
      expect(TreatMissingData, id).toBe(Namespace === "Lamplighter" ? "missing" : "notBreaching");
    }
  });

  it("look at what this stack makes", () => {
    const dimensions = [...alarms.values()].flatMap(({ Dimensions }) => Dimensions);
    for (const { Name, Value } of dimensions) {
      if (Name === "Pool") expect(Value).toBe("edge");
      else if (Name === "QueueName") {
        expect(Value).toEqual({ "Fn::GetAtt": ["DeadLetterQueue", "QueueName"] });
      } else
        expect([{ Ref: "Rebalance" }, { Ref: "Collect" }, { Ref: "HealthCheck" }]).toContainEqual(
          Value,
        );
    }
    expect(new Set(dimensions.map(({ Name }) => Name))).toEqual(
      new Set(["Pool", "QueueName", "FunctionName"]),
    );
  });

  it("tell the topic when they ring, and when it is over", () => {
    for (const { AlarmActions, OKActions } of alarms.values()) {
      expect(AlarmActions).toEqual([{ Ref: "AlarmTopic" }]);
      expect(OKActions).toEqual([{ Ref: "AlarmTopic" }]);
    }
  });

  it("follow the cadence, the time-outs and the chunks that settings give", () => {
    const lagOf = (context: Readonly<Record<string, unknown>>): number =>
      alarmsOf(context).get("CollectionLag")?.Threshold ?? 0;
    const usual = lagOf({});
    expect(lagOf({ cadence: "every 10m" })).toBe(usual + 9 * 60_000);
    expect(lagOf({ waitMultiplier: 3 })).toBe(usual + 2 * 60_000);
    expect(lagOf({ longestTimeout: "30s" })).toBe(usual - 30_000);
    expect(lagOf({ chunkEvery: "20s" })).toBe(usual + 10_000);
  });
});
