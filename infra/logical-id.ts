import { CfnElement } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/**
 * Gives a construct's resource its name without the CDK's suffix: what operators read, and a
 * contract, since changing it replaces the resource.
 */
export function nameResource(construct: IConstruct, logicalId: string): void {
  const resource = construct.node.defaultChild;
  if (!CfnElement.isCfnElement(resource)) {
    throw new Error(`${construct.node.path} has no resource of its own to name ${logicalId}`);
  }
  resource.overrideLogicalId(logicalId);
}
