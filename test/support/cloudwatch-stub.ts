/**
 * As much of CloudWatch as its adapter and the contract use, on a port of loopback: PutMetricData
 * and GetMetricData in the JSON protocol, the one that the SDK's client speaks (3.1162).
 *
 * Refuses what CloudWatch refuses: too many or too large data, values and counts that are none,
 * units and time stamps that it doesn't take. Faults are met by the next requests, one each.
 *
 * Holds: what was refused or met a fault isn't kept, but for `lose`: kept, its answer lost.
 * Source: "PutMetricData", "MetricDatum", Amazon CloudWatch API reference (read 2026-11).
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import * as z from "zod";
import { onLoopback } from "./loopback.ts";

export type CloudWatchFault = "throttle" | "fail" | "lose" | "hold" | "deny";

export interface CloudWatchStub {
  readonly endpoint: string;
  /** The next requests to put metrics meet these, in order. */
  fail(...faults: readonly CloudWatchFault[]): void;
  /** Requests to put metrics that arrived, whatever became of them. */
  readonly puts: readonly StubPut[];
  stop(): Promise<void>;
}

export interface StubPut {
  readonly bytes: number;
  readonly namespace: string;
  readonly data: readonly z.output<typeof datum>[];
}

const [METRICS_MAX, BYTES_MAX, VALUES_MAX, VALUE_MAX] = [1_000, 1_000_000, 150, 2 ** 360];
const [PAST_MAX_MS, FUTURE_MAX_MS] = [14 * 86_400_000, 2 * 3_600_000];

const value = z
  .number()
  .refine((number) => number === 0 || (Math.abs(number) <= VALUE_MAX && Math.abs(number) >= 1 / VALUE_MAX)); // prettier-ignore
const dimensions = z
  .array(z.strictObject({ Name: z.string().min(1), Value: z.string().min(1) }))
  .max(30);
const datum = z
  .strictObject({
    MetricName: z.string().min(1).max(255),
    Dimensions: dimensions,
    Timestamp: z.number(),
    Unit: z.enum(["Milliseconds", "Count", "Count/Second", "Percent"]),
    Value: value.optional(),
    Values: z.array(value).min(1).max(VALUES_MAX).optional(),
    Counts: z.array(z.number().positive()).optional(),
  })
  .refine(({ Value, Values }) => (Value === undefined) !== (Values === undefined))
  .refine(({ Values, Counts }) => Counts === undefined || Counts.length === Values?.length)
  .refine(({ Values = [] }) => new Set(Values).size === Values.length)
  .refine(({ Timestamp }) => {
    const agoMs = Date.now() - Timestamp * 1_000;
    return agoMs <= PAST_MAX_MS && -agoMs <= FUTURE_MAX_MS;
  });
const putInput = z.strictObject({
  Namespace: z.string().regex(/^(?!AWS\/)[\w.\-/#:]{1,255}$/u),
  MetricData: z.array(datum).min(1).max(METRICS_MAX),
});
const query = z.object({
  Id: z.string(),
  MetricStat: z.object({
    Metric: z.object({ Namespace: z.string(), MetricName: z.string(), Dimensions: dimensions }),
    Period: z.number(),
    Stat: z.enum(["Sum", "SampleCount", "Minimum", "Maximum"]),
  }),
});
const getInput = z.object({
  MetricDataQueries: z.array(query),
  StartTime: z.number(),
  EndTime: z.number(),
});

interface Stored {
  readonly of: string;
  readonly at: number;
  readonly values: readonly number[];
  readonly counts: readonly number[];
}

export async function startCloudWatchStub(): Promise<CloudWatchStub> {
  const faults: CloudWatchFault[] = [];
  const puts: StubPut[] = [];
  const stored: Stored[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await buffer(request);
    const isPacked = request.headers["content-encoding"] === "gzip";
    const body: unknown = JSON.parse((isPacked ? gunzipSync(raw) : raw).toString());
    const operation = String(request.headers["x-amz-target"]).split(".")[1];
    if (operation === "GetMetricData") {
      say(response, 200, readBack(stored, getInput.parse(body)));
      return;
    }
    const put = putInput.safeParse(body);
    const fault = faults.shift();
    const data = put.data?.MetricData ?? [];
    puts.push({ bytes: raw.length, namespace: put.data?.Namespace ?? "", data });
    if (fault === "hold") return;
    if (fault === "throttle") refuse(response, 400, "ThrottlingException", "Rate exceeded");
    else if (fault === "fail") refuse(response, 500, "InternalServiceFault", "try again");
    else if (fault === "deny") refuse(response, 403, "AccessDeniedException", "not yours");
    else if (operation !== "PutMetricData") refuse(response, 400, "InvalidAction", `${operation}`);
    else if (raw.length > BYTES_MAX) refuse(response, 413, "RequestEntityTooLarge", "too large");
    else if (!put.success)
      refuse(response, 400, "InvalidParameterValueException", put.error.message);
    else {
      stored.push(...data.map((one) => store(put.data.Namespace, one)));
      if (fault === "lose") response.destroy();
      else say(response, 200, {});
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      refuse(response, 400, "InvalidParameterValueException", String(error));
    });
  });
  const { endpoint, stop } = await onLoopback(server);
  return {
    endpoint,
    puts,
    fail: (...more) => void faults.push(...more),
    stop,
  };
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.0" });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, name: string, message: string): void {
  say(response, status, { __type: `com.amazonaws.cloudwatch#${name}`, message });
}

function store(namespace: string, one: z.output<typeof datum>): Stored {
  const values = one.Values ?? [one.Value ?? 0];
  return {
    of: keyOf(namespace, one.MetricName, one.Dimensions),
    at: one.Timestamp,
    values,
    counts: one.Counts ?? values.map(() => 1),
  };
}

function keyOf(namespace: string, name: string, all: z.output<typeof dimensions>): string {
  const named = all.map(({ Name, Value }) => `${Name}=${Value}`).toSorted();
  return JSON.stringify([namespace, name, ...named]);
}

/** One period a query is enough here: from StartTime to EndTime. */
function readBack(
  stored: readonly Stored[],
  { MetricDataQueries, StartTime, EndTime }: z.output<typeof getInput>,
): object {
  const MetricDataResults = MetricDataQueries.map(({ Id, MetricStat: { Metric, Stat } }) => {
    const key = keyOf(Metric.Namespace, Metric.MetricName, Metric.Dimensions);
    const found = stored.filter(({ of, at }) => of === key && at >= StartTime && at < EndTime);
    if (found.length === 0) return { Id, Timestamps: [], Values: [], StatusCode: "Complete" };
    const Values = [statistic(Stat, found)];
    return { Id, Timestamps: [StartTime], Values, StatusCode: "Complete" };
  });
  return { MetricDataResults, Messages: [] };
}

function statistic(
  stat: z.output<typeof query>["MetricStat"]["Stat"],
  found: readonly Stored[],
): number {
  const pairs = found.flatMap(({ values, counts }) =>
    values.map((each, index) => [each, counts[index] ?? 1] as const),
  );
  switch (stat) {
    case "Sum":
      return pairs.reduce((sum, [each, count]) => sum + each * count, 0);
    case "SampleCount":
      return pairs.reduce((sum, [, count]) => sum + count, 0);
    case "Minimum":
      return Math.min(...pairs.map(([each]) => each));
    case "Maximum":
      return Math.max(...pairs.map(([each]) => each));
  }
}
