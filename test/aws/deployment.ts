/** The real commands on the real stack: `cdk bootstrap`, `cdk deploy`, `cdk diff`; then the linters. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ACCOUNT, REGION } from "./environment.ts";
import { lastLines } from "./install.ts";
import { OWN_FOLDER, places, REPOSITORY } from "./places.ts";
import { run } from "./processes.ts";
import { StepFailure, type StepEnd } from "./report.ts";

const COMMAND_WITHIN_MS = 300_000;
const CDK = join(REPOSITORY, "node_modules/.bin/cdk");

type Environment = Readonly<Record<string, string>>;

/** Everything that a stack can have, so that the linters see it all. */
const EVERY_OPTION = [
  "pool=full",
  "collectors=4",
  "reserveConcurrency=true",
  `encryptionKeyArn=arn:aws:kms:${REGION}:${ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef`,
  "vpcId=vpc-0123456789abcdef0",
  "subnetIds=subnet-0123456789abcdef0,subnet-0123456789abcdef1",
  "securityGroupIds=sg-0123456789abcdef0",
  "routeTableIds=rtb-0123456789abcdef0",
  "alarmEmail=night-watch@example.com",
  "secrets=ssm:/lamplighter/token,secretsmanager:lamplighter",
];

export async function bootstrap(environment: Environment): Promise<StepEnd<true>> {
  // From where there is no app: none has to be synthesised for it.
  await command(CDK, ["bootstrap", `aws://${ACCOUNT}/${REGION}`], { environment, cwd: OWN_FOLDER });
  return { value: true };
}

export async function deploy(environment: Environment): Promise<StepEnd<true>> {
  await rm(places.assembly, { recursive: true, force: true });
  await cdk(
    [
      "deploy",
      "--all",
      "--require-approval",
      "never",
      // Of a stack that was made by a change set the stand-in knows no outputs (moto 5.2.5, 2026-11).
      "--method",
      "direct",
      "--output",
      places.assembly,
    ],
    environment,
  );
  return { value: true };
}

/** @throws StepFailure when what is deployed isn't what was synthesised. */
export async function diff(environment: Environment): Promise<StepEnd<true>> {
  const said = await cdk(
    // The stand-in fails on change sets for a stack that is there (moto 5.2.5, 2026-11).
    ["diff", "--app", places.assembly, "--method", "template", "--fail"],
    environment,
  );
  if (!/Number of stacks with differences: 0\b/u.test(said)) {
    throw new StepFailure(`cdk diff doesn't say that there are none:\n${lastLines(said)}`);
  }
  return { value: true, said: "no differences" };
}

export async function synthEveryOption(environment: Environment): Promise<StepEnd<true>> {
  await rm(places.fullAssembly, { recursive: true, force: true });
  await cdk(
    [
      "synth",
      "--quiet",
      "--output",
      places.fullAssembly,
      ...EVERY_OPTION.flatMap((option) => ["--context", option]),
    ],
    environment,
  );
  return { value: true };
}

export async function lint(environment: Environment): Promise<StepEnd<true>> {
  const files = [
    ...(await templatesIn(places.assembly)),
    ...(await templatesIn(places.fullAssembly)),
  ];
  await tool(
    "cfn-lint",
    ["--regions", REGION, "--non-zero-exit-code", "informational", "--", ...files],
    environment,
  );
  return { value: true, said: `${files.length} templates` };
}

/** What sam says of the template without a container. */
export async function validate(environment: Environment): Promise<StepEnd<true>> {
  for (const file of await templatesIn(places.assembly)) {
    await tool(
      "sam",
      ["validate", "--lint", "--region", REGION, "--template-file", file],
      environment,
    );
  }
  return { value: true };
}

/** @throws StepFailure when there are none. */
export async function templatesIn(assembly: string): Promise<readonly string[]> {
  const names = (await readdir(assembly)).filter((name) => name.endsWith(".template.json"));
  if (names.length === 0) throw new StepFailure(`no template lies in ${assembly}`);
  return names.sort().map((name) => join(assembly, name));
}

async function cdk(args: readonly string[], environment: Environment): Promise<string> {
  return await command(CDK, args, { environment, cwd: REPOSITORY });
}

async function tool(
  name: string,
  args: readonly string[],
  environment: Environment,
): Promise<void> {
  await command(join(places.pythonBin, name), args, { environment, cwd: REPOSITORY });
}

async function command(
  path: string,
  args: readonly string[],
  where: { readonly environment: Environment; readonly cwd: string },
): Promise<string> {
  const ran = await run({ command: path, args, ...where }, COMMAND_WITHIN_MS);
  if (ran.code === 0) return ran.output;
  const how = ran.isOverTime
    ? `took more than ${COMMAND_WITHIN_MS / 1_000} s`
    : `ended with ${ran.code ?? "a signal"}`;
  throw new StepFailure(`${args[0] ?? path} ${how}:\n${lastLines(ran.output)}`);
}
