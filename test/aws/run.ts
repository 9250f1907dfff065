/**
 * `npm run test:aws`: the real commands, the built bundles and the real adapters against stand-ins
 * for AWS. Needs the network once, to install; no account ever. Last line: `N passed, N failed`.
 */
import { readFile, rm } from "node:fs/promises";
import { arch, platform } from "node:process";
import { bootstrap, deploy, diff, lint, synthEveryOption, validate } from "./deployment.ts";
import { awsEnvironment, plainEnvironment } from "./environment.ts";
import { install, makeOwnFolder, parts } from "./install.ts";
import { NOT_PROVEN } from "./not-proven.ts";
import { places, REPOSITORY } from "./places.ts";
import { endAll, run } from "./processes.ts";
import { report, StepFailure, type Report } from "./report.ts";
import { findJava, missingRequirements, missingText, type Machine } from "./requirements.ts";
import { startDynamoDbLocal, startMoto } from "./stand-ins.ts";
import { runSuites, type Suites } from "./suites.ts";
import { pinnedVersions } from "./versions.ts";

const ASK_WITHIN_MS = 20_000;
const INTERRUPTED = 130;

/** Whether it came so far that anything was tested. */
async function testAws(shown: Report): Promise<boolean> {
  const environment = plainEnvironment(process.env);
  const machine = thisMachine(environment);
  const isReady = await shown.step("what this machine must have", async () => {
    const missing = await missingRequirements(machine);
    if (missing.length > 0) throw new StepFailure(missingText(missing));
    return { value: true };
  });
  if (isReady === undefined) return false;
  const java = await findJava(machine);
  const versions = await pinnedVersions();
  const used = [
    `moto ${versions.moto}, cfn-lint ${versions.cfnLint}, sam ${versions.samCli} and its runtime emulator`,
    `aws-lambda-ric ${versions.runtimeClient}, Node ${process.version}`,
    `DynamoDB Local ${java.kind === "found" ? versions.dynamoDbLocal : java.why}`,
  ];
  for (const each of used) shown.say(`    ${each}`);

  await makeOwnFolder();
  // All at once: one waits for the network while another compiles.
  const python = install(parts.python, environment);
  const runtime = install(parts.runtime, environment);
  const dynamoDbLocal =
    java.kind === "found" ? install(parts.dynamoDbLocal, environment) : undefined;
  // What fails is said in its step.
  for (const each of [python, runtime, dynamoDbLocal]) each?.catch(() => undefined);
  const hasPython = await shown.step("install: moto, cfn-lint, sam (Python)", () => python);
  const hasRuntime = await shown.step("install: AWS's runtime (compiled)", () => runtime);
  const hasDynamoDbLocal =
    dynamoDbLocal !== undefined &&
    (await shown.step("install: DynamoDB Local (Maven)", () => dynamoDbLocal)) === true;
  if (hasPython !== true || hasRuntime !== true) return false;
  await onStandIns(shown, {
    environment,
    hasDynamoDbLocal,
    java: java.kind === "found" ? "" : java.why,
  });
  return true;
}

async function onStandIns(
  shown: Report,
  installed: {
    readonly environment: Readonly<Record<string, string>>;
    readonly hasDynamoDbLocal: boolean;
    readonly java: string;
  },
): Promise<void> {
  const moto = await shown.step("start: moto as AWS", async () => {
    const value = await startMoto(installed.environment);
    return { value, said: `http://localhost:${value.port}` };
  });
  if (moto === undefined) return;
  const environment = awsEnvironment(process.env, moto.port);
  const dynamoDbLocal = installed.hasDynamoDbLocal
    ? await shown.step("start: DynamoDB Local", async () => {
        const value = await startDynamoDbLocal(installed.environment);
        return { value, said: `http://127.0.0.1:${value.port}` };
      })
    : undefined;
  const isDeployed =
    (await shown.step("cdk bootstrap", () => bootstrap(environment))) === true &&
    (await shown.step("cdk deploy", () => deploy(environment))) === true;
  if (isDeployed) {
    await shown.step("cdk diff after the deploy", () => diff(environment));
    await shown.step("cdk synth with every option", () => synthEveryOption(environment));
    await shown.step("cfn-lint", () => lint(environment));
    await shown.step("sam validate", () => validate(environment));
  }
  await rm(places.durations, { force: true });
  await suites(shown, {
    environment,
    motoPort: moto.port,
    dynamoDbLocalPort: dynamoDbLocal?.port,
    isDeployed,
  });
  await sayDurations(shown);
  if (installed.java !== "") shown.say(`--- DynamoDB Local\n    ${installed.java}`);
}

/** What the suites measured, when they came so far. */
async function sayDurations(shown: Report): Promise<void> {
  const text = await readFile(places.durations, "utf8").catch(() => undefined);
  if (text === undefined) return;
  shown.say("--- init and warm duration inside AWS's runtime");
  shown.say(text.trimEnd().replaceAll(/^/gmu, "    "));
}

async function suites(shown: Report, wanted: Suites): Promise<void> {
  await shown.step("suites on the stand-ins", async () => {
    const { passed, failed, skipped } = await runSuites(wanted, (text) =>
      process.stdout.write(text),
    );
    shown.count(passed, failed);
    if (failed > 0)
      throw new StepFailure(`${failed} of ${passed + failed} tests failed: see above`);
    return { value: true, said: `${passed} tests${skipped === 0 ? "" : `, ${skipped} not run`}` };
  });
}

function sayNotProven(shown: Report): void {
  shown.say("\nnot proven here:");
  for (const { what, instead } of NOT_PROVEN) {
    shown.say(`- ${what}${instead === "" ? "" : `\n    instead: ${instead}`}`);
  }
}

function thisMachine(environment: Readonly<Record<string, string>>): Machine {
  return {
    platform,
    architecture: arch,
    async says(command, args) {
      const ran = await run({ command, args, environment, cwd: REPOSITORY }, ASK_WITHIN_MS);
      return ran.code === 0 ? ran.output : undefined;
    },
  };
}

async function main(): Promise<number> {
  const startedAt = performance.now();
  const shown = report(
    (text) => process.stdout.write(text),
    () => performance.now(),
  );
  let hasRun: boolean;
  try {
    hasRun = await testAws(shown);
  } finally {
    await endAll();
  }
  if (hasRun) sayNotProven(shown);
  shown.say(`\ntook ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  shown.say(shown.sums());
  return shown.failures() === 0 ? 0 : 1;
}

// Whoever read it has gone: what runs is ended in order all the same.
process.stdout.on("error", () => undefined);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    process.stdout.write("\ninterrupted: ending what was started\n");
    void endAll().finally(() => process.exit(INTERRUPTED));
  });
}
process.exitCode = await main();
