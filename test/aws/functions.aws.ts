/**
 * The bundles as they are deployed, inside AWS's own runtime: their example events, and one whole
 * round by the real command line. The store is the local engine; S3 and CloudWatch are moto's.
 */
import { CloudWatchClient, GetMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureTables } from "#adapters/dynamodb/tables.ts";
import { METRIC_DIMENSION, METRIC_NAMES, METRIC_NAMESPACE } from "#domain/metric.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { startTestEngine, type TestEngine } from "#test/support/engine.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";
import { INIT_TIMES_EMPTY_MAX } from "../../infra/budgets.ts";
import { deployedStack, STACK, type DeployedStack } from "./deployed-stack.ts";
import { durationsOf, durationsText } from "./durations.ts";
import type { FunctionToRun } from "./emulator.ts";
import { startInvokeApi, type Invocation, type InvokeApi } from "./invoke-api.ts";
import { definedVariables } from "./environment.ts";
import { places, REPOSITORY } from "./places.ts";
import { run, type Ran } from "./processes.ts";
import { sdkCalls } from "./sdk-calls.ts";
import { whatWeAreTold } from "./told.ts";

const { isDeployed } = whatWeAreTold();
const COMMAND_WITHIN_MS = 60_000;
const ROUND_WITHIN_MS = 120_000;
const POLL_MS = 500;
const METRICS_SINCE_MS = 15 * 60_000;
const folders = temporaryFolders();

const GOOD = ["good#1", "good#2", "good#3", "good#4"];
const BAD = ["bad#1", "bad#2"];
const TOKEN = "a-token-of-this-test";
const KEPT_AS = `lamplighter-${crypto.randomUUID()}`;
/** Answered only to who shows the token; by where it is kept. */
const SECRET = new Map([
  ["secret#parameter", `ssm:/${KEPT_AS}`],
  ["secret#managed", `secretsmanager:${KEPT_AS}#token`],
]);

describe.skipIf(!isDeployed)("the bundles inside AWS's runtime", () => {
  let engine: TestEngine;
  let stack: DeployedStack;
  let api: InvokeApi;
  let site: { readonly server: Server; readonly place: string };
  const deployed = new Map<FunctionName, FunctionToRun>();

  beforeAll(async () => {
    stack = await deployedStack();
    engine = await startTestEngine();
    await ensureTables(engine.client, {
      leases: stack.output("LeaseTableName"),
      targets: stack.output("TargetTableName"),
    });
    for (const { name } of Object.values(manifest))
      deployed.set(name, await asDeployed(stack, name));
    api = await startInvokeApi((endpoint) =>
      [...deployed.values()].map((each) => ({
        ...each,
        environment: {
          ...each.environment,
          STORE_ENDPOINT: engine.endpoint,
          ...("INVOKE_ENDPOINT" in each.environment && { INVOKE_ENDPOINT: endpoint }),
          // The targets here are on loopback.
          ...("ALLOW_PRIVATE" in each.environment && { ALLOW_PRIVATE: "true" }),
        },
      })),
    );
    site = await startSite();
    await sdkCalls([
      {
        service: "ssm",
        operation: "put_parameter",
        parameters: { Name: `/${KEPT_AS}`, Value: TOKEN, Type: "SecureString" },
      },
      {
        service: "secretsmanager",
        operation: "create_secret",
        parameters: { Name: KEPT_AS, SecretString: JSON.stringify({ token: TOKEN }) },
      },
    ]);
  });
  afterAll(async () => {
    await api.close();
    site.server.closeAllConnections();
    site.server.close();
    await engine.stop();
  });

  const nameOf = (name: FunctionName): string =>
    stack.output(`${manifest[name].logicalId}FunctionName`);

  function commandLine(...args: readonly string[]): Promise<Ran> {
    return run(
      {
        command: process.execPath,
        args: ["cli/main.ts", "--stack", STACK, ...args],
        cwd: REPOSITORY,
        environment: {
          ...definedVariables(process.env),
          AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
          AWS_ENDPOINT_URL_LAMBDA: api.endpoint,
        },
        isInOurGroup: true,
      },
      COMMAND_WITHIN_MS,
    );
  }

  it(
    "founds the pool at the first run of the rebalancer",
    { timeout: ROUND_WITHIN_MS },
    async () => {
      const answer = await api.invoke(nameOf("rebalance"), {});
      expect(answer).toMatchObject({ kind: "rebalanced" });
      const { code, output } = await commandLine("leases", "--json");
      expect(code, output).toBe(0);
      expect(output).toContain("0001");
    },
  );

  it(
    "answers every example event of every function",
    { timeout: 3 * ROUND_WITHIN_MS },
    async () => {
      const files = await readdir(places.examples);
      const names = Object.values(manifest).map(({ name }) => name);
      for (const name of names) expect(files).toContain(`${name}.json`);
      for (const file of files) {
        const name = names.find((each) => file.startsWith(`${each}.`));
        if (name === undefined) throw new Error(`${file} is an event of no function`);
        const event: unknown = JSON.parse(await readFile(join(places.examples, file), "utf8"));
        const answer = await api.invoke(nameOf(name), event);
        expect(answer, file).not.toHaveProperty("errorType");
        expect(answer, file).toBeTypeOf("object");
      }
    },
  );

  it("refuses an event that is none, with what was found and what was expected", async () => {
    const answer = await api.invoke(nameOf("collect"), { pool: "default", lease: "seven" });
    expect(answer).toMatchObject({
      errorType: "InvalidInputError",
      errorMessage: expect.stringContaining("lease") as string,
    });
  });

  it(
    "does one whole round: register, rebalance, collect, read back",
    { timeout: 2 * ROUND_WITHIN_MS },
    async () => {
      const folder = await folders();
      const file = join(folder, "targets.jsonl");
      const paths = [...GOOD, ...BAD, ...SECRET.keys()];
      const ids = paths.map((path) => `${site.place}/${path}`);
      const lines = paths.map((path) => JSON.stringify(targetLine(site.place, path)));
      await writeFile(file, lines.map((line) => `${line}\n`).join(""));
      const begun = (): readonly Invocation[] =>
        [nameOf("rebalance"), nameOf("collect")].flatMap((name) => api.invocations(name));
      const earlier = new Set(begun());
      const imported = await commandLine("targets", "import", file);
      expect(imported.code, imported.output).toBe(0);

      await untilCaptured(() => begun().filter((each) => !earlier.has(each)), ids.length);
      for (const id of ids) {
        const { code, output } = await commandLine("samples", id, "--json");
        expect(code, output).toBe(0);
        const samples = output
          .trim()
          .split("\n")
          .map((line) => sample.parse(JSON.parse(line)));
        const isGood = !id.includes("/bad");
        expect(samples.map(({ ok }) => ok)).toEqual(samples.map(() => isGood));
        // One record a round: the first capture, and one more if its moment came meanwhile.
        expect(new Set(samples.map(({ round }) => round)).size).toBe(samples.length);
      }
      const status = await commandLine("status", "--json");
      // Some are down, and the status says so.
      expect(status.code, status.output).toBe(1);
    },
  );

  it("publishes every metric, and CloudWatch reads them back", async () => {
    const { code, output } = await commandLine("invoke", "health-check");
    expect(code, output).toBe(0);
    const values = await metricValues("default");
    expect([...values.keys()].sort()).toEqual([...METRIC_NAMES].sort());
    expect(values.get("CollectorsDesired")).toBe(1);
    expect(values.get("OrphanedSlots")).toBe(0);
    expect(values.get("StoreUnits")).toBeGreaterThan(0);
  });

  it("publishes what the alarms look at, under the names that they look for", async () => {
    const values = await metricValues("default");
    const alarms = stack
      .resources("AWS::CloudWatch::Alarm")
      .map(({ properties }) => watched.parse(properties))
      .filter(({ Namespace }) => Namespace === METRIC_NAMESPACE);
    expect(alarms.length).toBeGreaterThan(5);
    for (const { MetricName, Dimensions, AlarmName } of alarms) {
      expect(Dimensions, AlarmName).toEqual([{ Name: METRIC_DIMENSION, Value: "default" }]);
      expect(values.has(MetricName), AlarmName).toBe(true);
    }
  });

  it(
    "starts in a measured time, beside a function that does nothing",
    { timeout: 240_000 },
    async () => {
      await mkdir(places.emptyBundle, { recursive: true });
      await writeFile(
        join(places.emptyBundle, "index.mjs"),
        "export const handler = async () => ({});\n",
      );
      const one = (name: FunctionName): FunctionToRun => {
        const found = deployed.get(name);
        if (found === undefined) throw new Error(`${name} isn't deployed`);
        return { ...found, environment: { ...found.environment, STORE_ENDPOINT: engine.endpoint } };
      };
      const empty = { ...one("rebalance"), name: "empty", bundle: places.emptyBundle };
      const measured = [
        await durationsOf("empty handler", empty, {}),
        // Next to nothing to do, so that it is our own overhead that is seen.
        await durationsOf("rebalance", one("rebalance"), { pool: "nobody" }),
        await durationsOf("collect", one("collect"), { pool: "default", lease: "9999" }),
        await durationsOf("health-check", one("health-check"), {}),
      ];
      await writeFile(places.durations, durationsText(measured));
      for (const { initMs, warmMs } of measured) {
        expect(initMs).toBeGreaterThan(0);
        expect(initMs).toBeLessThan(INIT_TIMES_EMPTY_MAX * (measured[0]?.initMs ?? 0));
        expect(warmMs).toBeGreaterThan(0);
      }
    },
  );
});

const watched = z.object({
  AlarmName: z.string(),
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })),
});

/** As CloudFormation made it: nothing of it is taken from our sources. */
async function asDeployed(stack: DeployedStack, name: FunctionName): Promise<FunctionToRun> {
  const { logicalId } = manifest[name];
  const client = new LambdaClient();
  try {
    const found = await client.send(
      new GetFunctionConfigurationCommand({
        FunctionName: stack.output(`${logicalId}FunctionName`),
      }),
    );
    const { FunctionName, Handler, MemorySize, Timeout } = z
      .object({
        FunctionName: z.string(),
        Handler: z.string(),
        MemorySize: z.number(),
        Timeout: z.number(),
      })
      .parse(found);
    const variables = found.Environment?.Variables ?? {};
    const preload = `--require=${JSON.stringify(places.resolveLocalhost)}`;
    return {
      name: FunctionName,
      handler: Handler,
      bundle: stack.bundleOf(logicalId),
      memoryMb: MemorySize,
      timeoutSeconds: Timeout,
      environment: {
        ...variables,
        NODE_OPTIONS: `${variables["NODE_OPTIONS"] ?? ""} ${preload}`.trim(),
        AWS_ENDPOINT_URL: process.env["AWS_ENDPOINT_URL"] ?? "",
        AWS_ENDPOINT_URL_S3: process.env["AWS_ENDPOINT_URL_S3"] ?? "",
      },
    };
  } finally {
    client.destroy();
  }
}

async function startSite(): Promise<{ readonly server: Server; readonly place: string }> {
  const server = createServer((request, response) => {
    const isKnown = request.headers.authorization === `Bearer ${TOKEN}`;
    const path = request.url ?? "";
    const isGood = path.startsWith("/good") || (path.startsWith("/secret") && isKnown);
    response.writeHead(isGood ? 200 : 500, { "content-type": "application/json" });
    response.end(JSON.stringify({ status: isGood ? "ok" : "broken" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { server, place: `127.0.0.1:${address.port}` };
}

/** Seldom, so that the round is the first capture and hardly anything else. */
function targetLine(place: string, path: string): object {
  const reference = SECRET.get(path);
  return {
    endpoint: `${place}/${path}`,
    scheme: "http",
    cadence: "every 24h",
    timeout: "5s",
    ...(reference !== undefined && { auth: { bearer: { $ref: reference } } }),
  };
}

const sample = z.object({
  kind: z.literal("sample"),
  round: z.string().optional(),
  ok: z.boolean(),
});
const collectReport = z.object({ captures: z.number() });

const failure = z.object({ errorType: z.string(), errorMessage: z.string() });

/** Until so many captures are reported by collectors that have ended; fails when one has failed. */
async function untilCaptured(
  invocations: () => readonly Invocation[],
  captures: number,
): Promise<void> {
  const giveUpAt = performance.now() + ROUND_WITHIN_MS;
  let reported = 0;
  while (performance.now() < giveUpAt) {
    const results = invocations().map(({ result, error }) => error ?? result);
    for (const result of results) {
      const failed = failure.safeParse(result);
      if (failed.success) throw new Error(`${failed.data.errorType}: ${failed.data.errorMessage}`);
    }
    reported = results.reduce(
      (sum: number, result) => sum + (collectReport.safeParse(result).data?.captures ?? 0),
      0,
    );
    if (reported >= captures) return;
    await wait(POLL_MS);
  }
  throw new Error(`${reported} captures were reported, expected ${captures}`);
}

/** The newest value of each metric that has one. */
async function metricValues(pool: string): Promise<ReadonlyMap<string, number>> {
  const client = new CloudWatchClient();
  try {
    const { MetricDataResults = [] } = await client.send(
      new GetMetricDataCommand({
        StartTime: new Date(Date.now() - METRICS_SINCE_MS),
        EndTime: new Date(Date.now() + METRICS_SINCE_MS),
        ScanBy: "TimestampDescending",
        MetricDataQueries: METRIC_NAMES.map((MetricName) => ({
          Id: `m${MetricName}`,
          MetricStat: {
            Metric: {
              Namespace: METRIC_NAMESPACE,
              MetricName,
              Dimensions: [{ Name: METRIC_DIMENSION, Value: pool }],
            },
            Period: 60,
            Stat: "Maximum",
          },
        })),
      }),
    );
    return new Map(
      MetricDataResults.flatMap(({ Id = "", Values: [value] = [] }): [string, number][] =>
        value === undefined ? [] : [[Id.slice(1), value]],
      ),
    );
  } finally {
    client.destroy();
  }
}
