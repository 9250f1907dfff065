import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { roleStatements, templateOf, variablesOf } from "./synthesised.ts";

const VPC = {
  vpcId: "vpc-0123456789abcdef0",
  subnetIds: "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
};
const inVpc = templateOf(VPC);

describe("a pool behind a VPC", () => {
  it("has only collectors in it: the others need nothing but AWS's own services", () => {
    const found = inVpc.findResources("AWS::Lambda::Function");
    expect(found["Collect"]).toMatchObject({
      Properties: {
        VpcConfig: {
          SubnetIds: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
          SecurityGroupIds: [{ "Fn::GetAtt": ["CollectorSecurityGroup", "GroupId"] }],
        },
      },
    });
    for (const other of ["Rebalance", "HealthCheck"]) {
      expect(found[other]).not.toHaveProperty("Properties.VpcConfig");
    }
  });

  it("lets nothing in", () => {
    inVpc.hasResourceProperties("AWS::EC2::SecurityGroup", {
      VpcId: VPC.vpcId,
      SecurityGroupIngress: Match.absent(),
    });
    inVpc.resourceCountIs("AWS::EC2::SecurityGroupIngress", 0);
  });

  it("takes groups that the operator names instead of making one", () => {
    const named = templateOf({ ...VPC, securityGroupIds: "sg-0123456789abcdef0" });
    named.resourceCountIs("AWS::EC2::SecurityGroup", 0);
    named.hasResourceProperties("AWS::Lambda::Function", {
      VpcConfig: { SecurityGroupIds: ["sg-0123456789abcdef0"] },
    });
  });

  it("lets Lambda make network interfaces, and the function's code not", () => {
    const statements = roleStatements(inVpc).get("CollectRole") ?? [];
    const join = statements.find(({ Sid }) => Sid === "JoinVpc");
    const denied = statements.find(({ Sid }) => Sid === "JoinVpcNotFromCode");
    expect(join?.Action).toContain("ec2:CreateNetworkInterface");
    expect(denied).toMatchObject({
      Effect: "Deny",
      Action: join?.Action,
      Condition: { ArnLike: { "lambda:SourceFunctionArn": expect.anything() as unknown } },
    });
    for (const role of ["RebalanceRole", "HealthCheckRole"]) {
      expect(
        roleStatements(inVpc)
          .get(role)
          ?.flatMap(({ Action }) => Action)
          .filter((action) => action.startsWith("ec2:")),
      ).toEqual([]);
    }
  });

  it("captures private addresses there, and nowhere else", () => {
    expect(variablesOf(inVpc, "Collect")["ALLOW_PRIVATE"]).toBe("true");
    expect(variablesOf(templateOf(), "Collect")["ALLOW_PRIVATE"]).toBe("false");
  });
});

describe("endpoints", () => {
  const services = (context: Readonly<Record<string, unknown>>): unknown[] =>
    Object.values(
      templateOf(context).findResources("AWS::EC2::VPCEndpoint") as Record<
        string,
        { Properties: { VpcEndpointType: string; ServiceName: unknown } }
      >,
    ).map(({ Properties }) => [
      Properties.VpcEndpointType,
      JSON.stringify(Properties.ServiceName).match(/\.(\w+)"\]\]/u)?.[1],
    ]);

  it("of DynamoDB and S3 are made where route tables are named", () => {
    expect(services(VPC)).toEqual([]);
    expect(services({ ...VPC, routeTableIds: "rtb-0123456789abcdef0" })).toEqual([
      ["Gateway", "dynamodb"],
      ["Gateway", "s3"],
    ]);
  });

  it("of secrets are made when asked for, and for those services that are used", () => {
    const secrets = "ssm:/team/token";
    expect(services({ ...VPC, secrets })).toEqual([]);
    expect(services({ ...VPC, interfaceEndpoints: true })).toEqual([]);
    expect(services({ ...VPC, secrets, interfaceEndpoints: true })).toEqual([["Interface", "ssm"]]);
    expect(
      services({ ...VPC, secrets: `${secrets},secretsmanager:api`, interfaceEndpoints: "true" }),
    ).toEqual([
      ["Interface", "ssm"],
      ["Interface", "secretsmanager"],
    ]);
  });

  it("let collectors in over HTTPS, and nobody else", () => {
    const found = templateOf({ ...VPC, secrets: "ssm:/a", interfaceEndpoints: true });
    const groups = found.findResources("AWS::EC2::SecurityGroup");
    expect(groups["EndpointSecurityGroup"]).toMatchObject({
      Properties: {
        SecurityGroupIngress: [
          {
            IpProtocol: "tcp",
            FromPort: 443,
            ToPort: 443,
            SourceSecurityGroupId: { "Fn::GetAtt": ["CollectorSecurityGroup", "GroupId"] },
          },
        ],
      },
    });
  });
});
