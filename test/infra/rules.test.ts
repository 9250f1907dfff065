/** The pack of rules that synth runs too, over every kind of stack that settings can make. */
import { App, Stack } from "aws-cdk-lib";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { AwsSolutionsChecks } from "cdk-nag";
import { describe, expect, it } from "vitest";
import { readSettings } from "../../infra/settings.ts";
import { LamplighterStack } from "../../infra/stack.ts";
import { WITHOUT_BUNDLING } from "./synthesised.ts";

const KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const VPC = { vpcId: "vpc-0123456789abcdef0", subnetIds: "subnet-0123456789abcdef0" };

function findings(stack: Stack): string[] {
  return new AwsSolutionsChecks()
    .validateScope(stack)
    .violations.map(
      ({ ruleName, violatingResources }) =>
        `${ruleName} ${violatingResources.map(({ constructPath }) => constructPath).join(", ")}`,
    );
}

describe("the AWS solutions pack", () => {
  it.each([
    ["nothing set", {}],
    [
      "everything set",
      { encryptionKeyArn: KEY, alarmEmail: "a@example.com", architecture: "x86_64" },
    ],
    ["a VPC", { ...VPC, routeTableIds: "rtb-0123456789abcdef0" }],
    ["secrets in a VPC", { ...VPC, interfaceEndpoints: true, secrets: "ssm:/a,secretsmanager:b" }],
  ])("finds nothing with %s", (_, context) => {
    const app = new App({ context: WITHOUT_BUNDLING });
    expect(findings(new LamplighterStack(app, { settings: readSettings(context) }))).toEqual([]);
  });

  it("would find a bucket without TLS", () => {
    const stack = new Stack(new App(), "Careless");
    new Bucket(stack, "Open");
    expect(findings(stack)).toContain("AwsSolutions-S10 Careless/Open/Resource");
  });
});
