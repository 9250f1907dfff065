/**
 * A trace for people: who did what, and what the records were before and after; and as a test.
 */
import { replay } from "./replay.ts";
import { stepNamed, type Step, type World } from "./world.ts";

/** Steps without a fault that are shown after a trace that ends stuck. */
const SHOWN_AFTER = 12;

export function timeline<S extends object>(world: World<S>, labels: readonly string[]): string {
  const lines = ["at first", ...shown(world, world.initial)];
  let state = world.initial;
  for (const [index, label] of labels.entries()) {
    const step = stepNamed(world, state, label);
    if (step === undefined) return [...lines, `no step "${label}"`].join("\n");
    lines.push(...told(world, state, step, `${index + 1}.`));
    state = step.next;
  }
  const { stuck } = replay(world, labels);
  if (stuck === undefined) return lines.join("\n");
  lines.push("from here on, without a fault:");
  for (const step of stuck.steps.slice(0, SHOWN_AFTER)) {
    lines.push(...told(world, state, step, "-"));
    state = step.next;
  }
  if (stuck.steps.length > SHOWN_AFTER)
    lines.push(`… ${stuck.steps.length - SHOWN_AFTER} steps more`);
  return lines.join("\n");
}

function told<S extends object>(
  world: World<S>,
  before: S,
  step: Step<S>,
  number: string,
): string[] {
  const fault = step.isFault ? "   [fault]" : "";
  return [`${number} ${step.label()}${fault}`, ...changes(world, before, step.next)];
}

function shown<S extends object>(world: World<S>, state: S): string[] {
  if (world.describe !== undefined)
    return world
      .describe(state)
      .split("\n")
      .map((line) => `     ${line}`);
  return world.components.flatMap((component) =>
    differences(component, undefined, state[component]),
  );
}

function changes<S extends object>(world: World<S>, before: S, after: S): string[] {
  return world.components.flatMap((component) =>
    before[component] === after[component]
      ? []
      : differences(component, before[component], after[component]),
  );
}

/** Each leaf that differs, as `path: before -> after`. */
function differences(path: string, before: unknown, after: unknown): string[] {
  const [was, is] = [brief(before), brief(after)];
  if (was === is) return [];
  if (!isRecord(before) || !isRecord(after))
    return [before === undefined ? `     ${path}: ${is}` : `     ${path}: ${was} -> ${is}`];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => differences(`${path}.${key}`, before[key], after[key]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function brief(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value).replaceAll('"', "");
}

/** A test that fails as long as the trace leads to what doesn't hold. */
export function pasteableTest(world: string, what: string, labels: readonly string[]): string {
  const steps = labels.map((label) => `    ${JSON.stringify(label)},`);
  return [
    'import { expect, test } from "vitest";',
    'import { registeredWorld } from "#test/model/worlds.ts";',
    "",
    `test(${JSON.stringify(`${world}: not "${what}"`)}, () => {`,
    "  const trace = [",
    ...steps,
    "  ];",
    `  const { broken } = registeredWorld(${JSON.stringify(world)}).replay(trace);`,
    "  expect(broken).toBeUndefined();",
    "});",
    "",
  ].join("\n");
}
