import { describe, expect, it } from "vitest";
import { readSettings, InvalidSettingsError } from "../../infra/settings.ts";

const problems = (context: Readonly<Record<string, unknown>>): readonly string[] => {
  try {
    readSettings(context);
  } catch (error) {
    if (error instanceof InvalidSettingsError) return error.problems;
    throw error;
  }
  return [];
};
const VPC = { vpcId: "vpc-0123456789abcdef0", subnetIds: "subnet-0aaa1111bbb22222c" };

describe("settings", () => {
  it("have a default for everything", () => {
    expect(readSettings({})).toMatchObject({
      pool: "default",
      slotsLog2: 6,
      collectors: 1,
      leaseTtlMs: 10_000,
      longestTimeoutMs: 60_000,
      chunkEveryMs: 10_000,
      cadence: { kind: "every", periodMs: 60_000 },
      architecture: "arm64",
      reserveConcurrency: false,
      allowPrivate: false,
      secrets: [],
    });
  });

  it("are read from what the command line gives (text) and from cdk.json alike", () => {
    const typed = readSettings({
      slots: 256,
      collectors: 8,
      reserveConcurrency: true,
      secrets: ["ssm:/team/token", "secretsmanager:api"],
    });
    const text = readSettings({
      slots: "256",
      collectors: "8",
      reserveConcurrency: "true",
      secrets: "ssm:/team/token, secretsmanager:api",
    });
    expect(text).toEqual(typed);
    expect(typed).toMatchObject({ slotsLog2: 8, collectors: 8, reserveConcurrency: true });
  });

  it("take an empty text for one that isn't given", () => {
    expect(readSettings({ alarmEmail: "", slots: "" })).toEqual(readSettings({}));
  });

  it.each([
    ["pool", "a pool!", /letters, digits and hyphens/u],
    ["slots", "100", /a power of two from 1 to 65536/u],
    ["slots", 131_072, /a power of two from 1 to 65536/u],
    ["collectors", "0", /a whole number from 1 to 1000/u],
    ["collectors", "two", /a whole number from 1 to 1000/u],
    ["leaseTtl", "1s", /5s to 5m/u],
    ["leaseTtl", "soon", /5s to 5m/u],
    ["longestTimeout", "2m", /50ms to 1m/u],
    ["chunkEvery", "10ms", /1s to 1m/u],
    ["cadence", "often", /every 60s/u],
    ["waitMultiplier", "0", /periods from 0\.1 to 100/u],
    ["maxSpendPerHour", "-1", /US dollars/u],
    ["reserveConcurrency", "yes", /true or false/u],
    ["architecture", "arm", /arm64 or x86_64/u],
    ["encryptionKeyArn", "alias/mine", /arn:aws:kms:/u],
    ["alarmEmail", "nobody", /an e-mail address/u],
    ["logRetentionDays", "8", /1, 3, 5, 7, 14, 30/u],
    ["sampleRetentionDays", "0", /a whole number from 1 to 3650/u],
    ["secrets", "plain-text", /ssm:\/path\/name or secretsmanager:name/u],
    ["perHostMax", "9999", /a whole number from 1 to 800/u],
  ])("refuse %s = %j with its name, what was found and what is allowed", (name, value, allowed) => {
    const [problem, ...more] = problems({ [name]: value });
    expect(more).toEqual([]);
    expect(problem).toMatch(new RegExp(`^${name}: found ${escaped(JSON.stringify(value))}, `, "u"));
    expect(problem).toMatch(allowed);
  });

  it("tell all problems at once, those between settings too", () => {
    const found = problems({ slots: "7", architecture: "mips", ...VPC, subnetIds: "" });
    expect(found.map((problem) => problem.split(":")[0])).toEqual([
      "slots",
      "architecture",
      "subnetIds",
    ]);
  });

  it("refuse more collectors than slots: a lease needs a slot", () => {
    expect(problems({ slots: 4, collectors: 5, maxSpendPerHour: 10 })).toEqual([
      "collectors: found 5, expected at most 4 (slots): a collector without a slot has nothing to capture",
    ]);
  });

  it("refuse collectors that cost more than maxSpendPerHour, with the sum", () => {
    expect(problems({ slots: 64, collectors: 50 })).toEqual([
      expect.stringMatching(
        /^maxSpendPerHour: found 1, expected at least 1\.2\d* for 50 collectors × 0\.5 GB × 3600 s × \$0\.0000133334 .*at most 41 collectors/u,
      ),
    ]);
    expect(problems({ slots: 64, collectors: 50, maxSpendPerHour: "1.3" })).toEqual([]);
    expect(
      problems({ slots: 64, collectors: 50, maxSpendPerHour: 1.3, architecture: "x86_64" }),
    ).toHaveLength(1);
  });

  it("refuse half of a VPC", () => {
    expect(problems({ vpcId: VPC.vpcId })).toEqual([expect.stringMatching(/^subnetIds: /u)]);
    expect(problems({ subnetIds: VPC.subnetIds })).toEqual([expect.stringMatching(/^vpcId: /u)]);
    expect(problems({ routeTableIds: "rtb-0123456789abcdef0" })).toEqual([
      expect.stringMatching(/^vpcId: /u),
    ]);
    expect(problems(VPC)).toEqual([]);
  });

  it("allow private addresses in a VPC, since they are what it is for, unless told otherwise", () => {
    expect(readSettings(VPC).allowPrivate).toBe(true);
    expect(readSettings({ ...VPC, allowPrivate: "false" }).allowPrivate).toBe(false);
    expect(readSettings({ allowPrivate: "true" }).allowPrivate).toBe(true);
  });

  it("refuse a misspelt name, and leave the CDK's own context alone", () => {
    expect(problems({ colectors: 4 })).toEqual([
      'colectors: found "colectors", expected a known setting: did you mean collectors?',
    ]);
    expect(problems({ "lease-ttl": "10s" })).toEqual([
      'lease-ttl: found "lease-ttl", expected a known setting: did you mean leaseTtl?',
    ]);
    expect(
      problems({ "@aws-cdk/core:checkSecretUsage": true, "aws:cdk:bundling-stacks": [] }),
    ).toEqual([]);
    expect(problems({ "cli-telemetry": false, "hosted-zone:account=1": {} })).toEqual([]);
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`);
}
