/** The program that `cdk` runs, as it runs it: context in, assembly out, words on standard error. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { WITHOUT_BUNDLING } from "./synthesised.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const RUN_MAX_MS = 60_000;
const KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const folders: string[] = [];

function synth(context: Readonly<Record<string, unknown>>) {
  const folder = mkdtempSync(join(tmpdir(), "synth-"));
  folders.push(folder);
  const { status, stderr } = spawnSync(process.execPath, ["infra/main.ts"], {
    cwd: root,
    env: {
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify({ ...WITHOUT_BUNDLING, ...context }),
    },
    encoding: "utf8",
    timeout: RUN_MAX_MS,
  });
  return { status, stderr, files: readdirSync(folder) };
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe("synth", { timeout: 2 * RUN_MAX_MS }, () => {
  it("writes the pool's stack, and says what quota it needs and what it may cost", () => {
    // Everything there is, so that both sets of rules see it: the CDK's of CloudFormation, and the pack.
    const { status, stderr, files } = synth({
      pool: "edge",
      collectors: 4,
      reserveConcurrency: true,
      encryptionKeyArn: KEY,
      vpcId: "vpc-0123456789abcdef0",
      subnetIds: "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
      routeTableIds: "rtb-0123456789abcdef0",
      interfaceEndpoints: true,
      secrets: "ssm:/team/token,secretsmanager:api",
      secretKeyArns: KEY,
      alarmEmail: "on-call@example.com",
    });
    expect(stderr).toMatch(
      /^Lamplighter-edge: pool edge, 64 slots, 4 collectors at most, arm64$/mu,
    );
    expect(stderr).toMatch(/quota +110 concurrent executions/u);
    expect(stderr).toMatch(/10 of it reserved for collect, 100 stay unreserved/u);
    expect(stderr).toMatch(/ceiling +\$0\.0960 an hour/u);
    expect(stderr).not.toMatch(/WARNING|ERROR/u);
    expect(status).toBe(0);
    expect(files).toContain("Lamplighter-edge.template.json");
  });

  it("refuses bad settings with each one's name, and writes no stack", () => {
    const { status, stderr, files } = synth({
      colectors: 4,
      slots: "100",
      maxSpendPerHour: "0.01",
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^ {2}colectors: .*did you mean collectors\?$/mu);
    expect(stderr).toMatch(/^ {2}slots: found "100", expected a power of two from 1 to 65536$/mu);
    expect(stderr).toMatch(/^ {2}maxSpendPerHour: found "0\.01", expected at least 0\.0240 /mu);
    expect(stderr).not.toMatch(/^ +at /mu);
    expect(files.filter((file) => file.endsWith(".template.json"))).toEqual([]);
  });
});
