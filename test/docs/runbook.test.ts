/** The runbook has a section for each alarm, and every command in it exists. */
import { readFileSync } from "node:fs";
import * as cloudFormation from "@aws-sdk/client-cloudformation";
import * as cloudWatch from "@aws-sdk/client-cloudwatch";
import * as dynamo from "@aws-sdk/client-dynamodb";
import * as lambda from "@aws-sdk/client-lambda";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { healthKey } from "#adapters/dynamodb/keys.ts";
import { alarmDefinitions } from "#domain/alarm/alarms.ts";
import { ALARM_IDS, runbookLink, type AlarmDefinition } from "#domain/alarm/definition.ts";
import { ALARM_TEXTS } from "#domain/alarm/texts.ts";
import { ALARM_SETTINGS_DEFAULT } from "#domain/alarm/thresholds.ts";
import { limits } from "#domain/limits.ts";
import { METRICS } from "#domain/metric.ts";
import { manifest } from "#functions/manifest.ts";
import { HEALTH_CHECK_SETTINGS } from "#usecases/health-check.ts";
import { commandsIn, readDocument } from "./markdown.ts";
import { program, withActions } from "./program.ts";

const FILE = "docs/runbook.md";
const runbook = readDocument(FILE);
const sections = runbook.text.split(/^## /mu).slice(1);
const commands = commandsIn(runbook);
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync("package.json", "utf8")));

describe("the runbook", () => {
  test("has a section for each alarm, in the order of the list, and no other", () => {
    expect(sections.map((section) => section.split("\n", 1)[0])).toEqual(ALARM_IDS);
  });

  test.each(ALARM_IDS)("is where the description of %s leads", (id) => {
    const [file, anchor] = runbookLink(id).split("#");
    expect(file).toBe(FILE);
    expect(runbook.anchors).toContain(anchor);
  });

  test.each(sections.map((section) => [section.split("\n", 1)[0] ?? "", section]))(
    "says of %s what it means, where to look, what to do, when it is over, and what else happens",
    (_, section) => {
      const labels = [...section.matchAll(/^\*\*(?<label>[^*]+?)\.?\*\*/gmu)];
      expect(labels.map(({ groups }) => groups?.["label"])).toEqual([
        "Means",
        "Look",
        "Do",
        "Over",
        "If you do nothing",
      ]);
      expect(section).toMatch(/^```sh$/mu);
    },
  );
});

/** As deployed with the usual settings. */
const DEPLOYED = alarmDefinitions({
  ...ALARM_SETTINGS_DEFAULT,
  chunkEveryMs: limits.chunkEveryObjectMs,
});

const SIGNS = {
  GreaterThanThreshold: "above",
  GreaterThanOrEqualToThreshold: "at least",
  LessThanThreshold: "below",
  LessThanOrEqualToThreshold: "at most",
} as const;

/** Its numbers, in a line. */
function ruleOf(rule: AlarmDefinition): string {
  const { metric, statistic, comparison, threshold, periodMs } = rule;
  const whose = metric.of.kind === "function" ? ` of ${metric.of.function}` : "";
  const spans = periodMs === 60_000 ? "minutes" : `spans of ${periodMs / 60_000} minutes`;
  const [m, n] = [rule.datapointsToAlarm, rule.evaluationPeriods];
  return [
    `Rings when ${metric.namespace} \`${metric.name}\`${whose}, ${statistic},`,
    `is ${SIGNS[comparison]} ${threshold} in ${m} of ${n} ${spans};`,
    `missing data: ${rule.treatMissingData}.`,
  ].join(" ");
}

describe("the first line of a section is the alarm's rule", () => {
  test.each(DEPLOYED.map((rule) => [rule.id, ruleOf(rule)]))("%s: %s", (id, expected) => {
    const section = sections.find((each) => each.startsWith(`${id}\n`));
    expect(section?.split("\n")[2]).toBe(expected);
  });
});

describe("a command in the runbook", () => {
  const ours = commands.flatMap(([npx, name, ...words]) => {
    return npx === "npx" && name === "lamplighter" ? [words] : [];
  });

  test.each(ours.map((words) => [words.join(" "), words] as const))(
    "npx lamplighter %s is understood by the command line",
    async (_, words) => {
      const ran: string[] = [];
      await withActions(program(), (name) => ran.push(name)).parseAsync(words, { from: "user" });
      expect(ran).toHaveLength(1);
    },
  );

  test("of npm is a script, of the CDK one of its own", () => {
    for (const [tool, verb = "", name = ""] of commands) {
      if (tool === "npm") expect(scripts).toHaveProperty(verb === "run" ? name : verb);
      if (tool === "npx") expect(["lamplighter", "cdk"]).toContain(verb);
      if (tool === "npx" && verb === "cdk") expect(["deploy", "diff"]).toContain(name);
    }
  });

  const CLIENTS: Readonly<Record<string, object>> = {
    cloudformation: cloudFormation,
    cloudwatch: cloudWatch,
    dynamodb: dynamo,
    lambda,
  };
  /** Of services whose SDK isn't here, from the AWS CLI's reference (2026-11). */
  const OTHERS = new Set([
    "logs tail",
    "scheduler get-schedule",
    "sqs purge-queue",
    "sqs receive-message",
  ]);
  const aws = commands.flatMap(([tool, service = "", operation = ""]) =>
    tool === "aws" ? [`${service} ${operation}`] : [],
  );

  test.each([...new Set(aws)])("aws %s exists", (command) => {
    const [service = "", operation = ""] = command.split(" ");
    const client = CLIENTS[service];
    if (client === undefined) expect(OTHERS).toContain(command);
    else expect(client).toHaveProperty(`${pascal(operation)}Command`);
  });

  test("names what the template has", () => {
    const named = [...runbook.text.matchAll(/\$\(physical (?<id>\w+)\)/gu)];
    const functions = Object.values(manifest).flatMap(({ logicalId }) => [
      logicalId,
      `${logicalId}Log`,
      `${logicalId}Schedule`,
    ]);
    const known = [...functions, "LeaseTable", "TargetTable", "DeadLetterQueue"];
    expect(named.length).toBeGreaterThan(10);
    for (const { groups } of named) expect(known).toContain(groups?.["id"]);
  });

  test("that reads our metrics names those that there are", () => {
    const named = commands.flatMap((words) =>
      words.includes("Lamplighter") && words.includes("--metric-name")
        ? [words[words.indexOf("--metric-name") + 1]]
        : [],
    );
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(Object.keys(METRICS)).toContain(name);
  });

  test("that removes the record of what is normal names its key", () => {
    const removal = commands.find((words) => words.includes("delete-item")) ?? [];
    const key: unknown = JSON.parse(removal[removal.indexOf("--key") + 1] ?? "");
    expect(key).toEqual(healthKey("default"));
  });
});

describe("how long the health check fails for what it found broken", () => {
  const minutes = HEALTH_CHECK_SETTINGS.brokenForMs / 60_000;
  const section = sections.find((each) => each.startsWith("HealthCheckErrors\n")) ?? "";

  test("is said as it is, where it begins and where it is over", () => {
    const said = [...section.matchAll(/(?:for|:) (?<minutes>\d+) minutes/gu)];
    expect(said.map(({ groups }) => Number(groups?.["minutes"]))).toEqual([minutes, minutes]);
  });
});

describe("an alarm's own words", () => {
  const spans = Object.values(ALARM_TEXTS).flatMap(({ meaning, look, act }) =>
    [...`${meaning} ${look} ${act}`.matchAll(/`lamplighter (?<words>[^`]+)`/gu)].map(
      ({ groups }) => groups?.["words"] ?? "",
    ),
  );

  test.each([...new Set(spans)])("name lamplighter %s, which exists", async (words) => {
    const ran: string[] = [];
    const given = words === "check" ? ["check", "./endpoints"] : words.split(" ");
    await withActions(program(), (name) => ran.push(name)).parseAsync(given, { from: "user" });
    expect(ran).toHaveLength(1);
  });
});

function pascal(operation: string): string {
  return operation
    .split("-")
    .map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`)
    .join("");
}
