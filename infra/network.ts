/**
 * A pool behind a VPC: only collectors join it. The other functions need AWS's own services only, and
 * would need a way out of the VPC to reach them.
 */
import { Stack } from "aws-cdk-lib";
import { CfnSecurityGroup, CfnVPCEndpoint } from "aws-cdk-lib/aws-ec2";
import type { CfnFunction } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import type { Settings, VpcSettings } from "./settings.ts";

const HTTPS = 443;

/** @returns undefined where collectors run outside any VPC. */
export function network(
  scope: Construct,
  settings: Settings,
): CfnFunction.VpcConfigProperty | undefined {
  const { vpc } = settings;
  if (vpc === undefined) return undefined;
  const securityGroupIds =
    vpc.securityGroupIds.length > 0
      ? [...vpc.securityGroupIds]
      : [collectorGroup(scope, settings.pool, vpc.vpcId)];
  gatewayEndpoints(scope, vpc);
  if (vpc.interfaceEndpoints) interfaceEndpoints(scope, { settings, vpc, securityGroupIds });
  return { subnetIds: [...vpc.subnetIds], securityGroupIds };
}

/** Nothing comes in. What goes out is decided by the probe, which refuses metadata addresses. */
function collectorGroup(scope: Construct, pool: string, vpcId: string): string {
  const group = new CfnSecurityGroup(scope, "CollectorSecurityGroup", {
    groupDescription: `Lamplighter, pool ${pool}: collectors`,
    vpcId,
    securityGroupEgress: [
      { ipProtocol: "-1", cidrIp: "0.0.0.0/0", description: "targets, wherever they are" },
      { ipProtocol: "-1", cidrIpv6: "::/0", description: "targets, wherever they are" },
    ],
  });
  return group.attrGroupId;
}

/** They cost nothing, and keep commits and chunks away from a NAT gateway that charges by the byte. */
function gatewayEndpoints(scope: Construct, { vpcId, routeTableIds }: VpcSettings): void {
  if (routeTableIds.length === 0) return;
  for (const [id, service] of [
    ["StoreEndpoint", "dynamodb"],
    ["SamplesEndpoint", "s3"],
  ] as const) {
    new CfnVPCEndpoint(scope, id, {
      vpcId,
      vpcEndpointType: "Gateway",
      serviceName: `com.amazonaws.${Stack.of(scope).region}.${service}`,
      routeTableIds: [...routeTableIds],
    });
  }
}

interface InterfaceProps {
  readonly settings: Settings;
  readonly vpc: VpcSettings;
  readonly securityGroupIds: readonly string[];
}

/** For the secrets that collectors may read; each costs by the hour and zone, so only on request. */
function interfaceEndpoints(scope: Construct, props: InterfaceProps): void {
  const { settings, vpc, securityGroupIds } = props;
  const services = (
    [
      ["ParametersEndpoint", "ssm", "ssm:"],
      ["SecretsEndpoint", "secretsmanager", "secretsmanager:"],
    ] as const
  ).filter(([, , prefix]) => settings.secrets.some((secret) => secret.startsWith(prefix)));
  if (services.length === 0) return;
  const group = new CfnSecurityGroup(scope, "EndpointSecurityGroup", {
    groupDescription: `Lamplighter, pool ${settings.pool}: endpoints of its secrets`,
    vpcId: vpc.vpcId,
    securityGroupIngress: securityGroupIds.map((sourceSecurityGroupId) => ({
      ipProtocol: "tcp",
      fromPort: HTTPS,
      toPort: HTTPS,
      sourceSecurityGroupId,
      description: "collectors read their secrets",
    })),
  });
  for (const [id, service] of services) {
    new CfnVPCEndpoint(scope, id, {
      vpcId: vpc.vpcId,
      vpcEndpointType: "Interface",
      serviceName: `com.amazonaws.${Stack.of(scope).region}.${service}`,
      privateDnsEnabled: true,
      subnetIds: [...vpc.subnetIds],
      securityGroupIds: [group.attrGroupId],
    });
  }
}
