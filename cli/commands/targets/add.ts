/**
 * Registers one target from options: they are made a line of a bulk file, so that one reader
 * decides what an endpoint may have and what is refused.
 */
import { InvalidInputError } from "#domain/errors.ts";
import { describeCadence } from "#domain/cadence.ts";
import { isPolicyName, POLICIES_DEFAULT } from "#domain/policy.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { readTargetLines } from "#adapters/endpoint-files/target-lines.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { Context, Tag } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { printable } from "../../output/display.ts";
import type { AddOptions } from "../targets.ts";

export async function addTarget(
  context: Context,
  url: string,
  options: AddOptions,
): Promise<ExitCode> {
  const definition = await definitionFrom(url, options);
  const { report, isRunning } = await withSystem(context, "register", async (system) => {
    const done = await registerTargets(system, system, [definition]);
    return { report: done, isRunning: system.isRunning };
  });
  const [refusal] = report.refusals;
  if (refusal !== undefined) throw new InvalidInputError(refusal);
  const outcome = report.added > 0 ? "added" : report.changed > 0 ? "changed" : "unchanged";
  if (context.options.json) {
    await context.json({ outcome, id: definition.id });
    return exitCodes.ok;
  }
  const next = isRunning ? "captured now" : "captured when the system's functions run";
  const cadence = definition.policy ?? describeCadence(definition.cadence);
  const then = outcome === "added" ? `${next}, then ${cadence}` : `captured ${cadence}`;
  await context.say(`${outcome} ${printable(definition.id)}: ${then}`);
  return exitCodes.ok;
}

/** @throws InvalidInputError for what a bulk file would be refused for. */
async function definitionFrom(url: string, options: AddOptions): Promise<TargetDefinition> {
  const line = JSON.stringify(lineFrom(url, options));
  const settings = { file: "targets add", policies: POLICIES_DEFAULT };
  for await (const read of readTargetLines(asStream(line), settings)) {
    if (read.kind === "target") return read.target;
    if (read.kind === "problem") {
      const { found, expected } = read.problem;
      throw new InvalidInputError({ where: "targets add", found, expected });
    }
  }
  throw new InvalidInputError({ where: "targets add", found: "no target", expected: "a URL" });
}

async function* asStream(text: string): AsyncGenerator<string, void, undefined> {
  yield await Promise.resolve(text);
}

function lineFrom(url: string, options: AddOptions): Readonly<Record<string, unknown>> {
  const { id, name, method, timeout, insecure, header, tag, status } = options;
  return {
    url,
    ...cadenceFrom(options),
    ...(id !== undefined && { id }),
    ...(name !== undefined && { name }),
    ...(method !== undefined && { method }),
    ...(timeout !== undefined && { timeout }),
    ...(insecure === true && { insecure }),
    ...(header !== undefined && { headers: asRecord(header) }),
    ...(tag !== undefined && { tags: asRecord(tag) }),
    ...(status !== undefined && { success_test: { status: status.map(codeFrom) } }),
  };
}

function cadenceFrom(options: AddOptions): Readonly<Record<string, string>> {
  const { every, cron, policy } = options;
  const given = [every, cron, policy].filter((value) => value !== undefined).length;
  if (given > 1) {
    const expected = "one of --every, --cron and --policy";
    throw new InvalidInputError({ where: "targets add", found: `${given} of them`, expected });
  }
  if (policy !== undefined && !isPolicyName(policy)) {
    const expected = "alerting or standard";
    throw new InvalidInputError({ where: "--policy", found: JSON.stringify(policy), expected });
  }
  if (cron !== undefined) return { cron_schedule: cron };
  if (policy !== undefined) return { cadence: policy };
  return every === undefined ? {} : { cadence: describeCadence(every) };
}

function asRecord(tags: readonly Tag[]): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map(({ name, value }) => [name, value]));
}

/** `200` is a number in a file, `300-399` a text. */
function codeFrom(text: string): number | string {
  return /^\d+$/u.test(text) ? Number(text) : text;
}
