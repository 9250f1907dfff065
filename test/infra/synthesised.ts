/** The stack of some settings as a template, without bundling: what is in bundles is bundles.test.ts. */
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import * as z from "zod";
import { readSettings } from "../../infra/settings.ts";
import { LamplighterStack } from "../../infra/stack.ts";

/** As `cdk` calls us, but for the bundles. */
export const WITHOUT_BUNDLING = {
  "aws:cdk:bundling-stacks": [],
  "aws:cdk:enable-asset-metadata": true,
};

export function templateOf(context: Readonly<Record<string, unknown>> = {}): Template {
  const app = new App({ context: WITHOUT_BUNDLING });
  return Template.fromStack(new LamplighterStack(app, { settings: readSettings(context) }));
}

const many = z.union([z.string(), z.array(z.string())]).transform((found) => [found].flat());
const statement = z.object({
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"]),
  Action: many,
  Resource: z.unknown().transform((found): unknown[] => [found].flat()),
  Principal: z.unknown().optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
export type Statement = z.output<typeof statement>;
const policy = z.object({ Statement: z.array(statement) });

const roles = z.record(
  z.string(),
  z.object({
    Properties: z.object({ Policies: z.array(z.object({ PolicyDocument: policy })) }),
  }),
);

/** What roles may do, by the roles' logical ids. */
export function roleStatements(template: Template): ReadonlyMap<string, readonly Statement[]> {
  const found = roles.parse(template.findResources("AWS::IAM::Role"));
  return new Map(
    Object.entries(found).map(([id, role]) => [
      id,
      role.Properties.Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
    ]),
  );
}

/** Actions that a role may take on a resource that is named by its logical id. */
export function actionsOn(template: Template, role: string, resource: string): string[] {
  return (roleStatements(template).get(role) ?? [])
    .filter(({ Effect }) => Effect === "Allow")
    .filter(({ Resource }) => JSON.stringify(Resource).includes(`"${resource}"`))
    .flatMap(({ Action }) => Action)
    .toSorted();
}

const policyHolder = z.record(
  z.string(),
  z.object({ Properties: z.object({ PolicyDocument: policy }) }),
);

/** Statements of resource policies: of buckets, queues and topics. */
export function resourceStatements(template: Template, type: string): readonly Statement[] {
  return Object.values(policyHolder.parse(template.findResources(type))).flatMap(
    ({ Properties }) => Properties.PolicyDocument.Statement,
  );
}

const keyHolder = z.record(z.string(), z.object({ Properties: z.object({ KeyPolicy: policy }) }));

export function keyStatements(template: Template): readonly Statement[] {
  return Object.values(keyHolder.parse(template.findResources("AWS::KMS::Key"))).flatMap(
    ({ Properties }) => Properties.KeyPolicy.Statement,
  );
}

const variables = z.object({
  Properties: z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) }),
});

export function variablesOf(
  template: Template,
  logicalId: string,
): Readonly<Record<string, unknown>> {
  const found = template.findResources("AWS::Lambda::Function")[logicalId];
  return variables.parse(found).Properties.Environment.Variables;
}
