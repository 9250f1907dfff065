/**
 * What the functions' bundles weigh, and how long each takes to load, beside an empty handler.
 *
 *     npm run bench:bundle [runs]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { BUDGETS } from "../infra/budgets.ts";
import { bundleSizes, type BundleSizes } from "../infra/bundle-sizes.ts";
import { bundle } from "../infra/bundling.ts";
import { say } from "./support/bench-world.ts";
import { startOnce, type Start } from "./support/bundle-starts.ts";

const PARTS_SHOWN = 8;
const EMPTY_FLAGS: readonly string[] = [];
const runs = Number(process.argv[2] ?? 15);

interface Case {
  readonly name: string;
  readonly file: string;
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly starts: Start[];
}

const LOCATIONS: Readonly<Record<string, string>> = {
  SAMPLES_LOCATION: "s3://bucket/samples",
  METRICS_LOCATION: "cloudwatch:Lamplighter",
};

const folder = mkdtempSync(join(tmpdir(), "lamplighter-bundles-"));
try {
  const cases: Case[] = [emptyCase()];
  for (const { name, folder: sources, nodeOptions } of Object.values(manifest)) {
    const outdir = join(folder, name);
    print(name, bundleSizes(await bundle({ folder: sources, outdir })));
    cases.push({
      name,
      file: join(outdir, "index.mjs"),
      flags: ["--enable-source-maps", ...nodeOptions],
      environment: deployed(name),
      starts: [],
    });
  }
  // In turns, so that what else the machine does falls on all alike.
  for (let run = 0; run < runs; run += 1) {
    for (const { file, environment, flags, starts } of cases) {
      starts.push(startOnce(file, environment, flags));
    }
  }
  console.log(`\nfrom the first line to the handler, ${runs} fresh processes each, in turns`);
  for (const { name, starts } of cases) {
    const wall = percentiles(starts.map(({ wallMs }) => wallMs));
    const cpu = percentiles(starts.map(({ cpuMs }) => cpuMs));
    console.log(`${name.padEnd(16)} ${wall}   processor ${cpu}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function emptyCase(): Case {
  const file = join(folder, "empty.mjs");
  writeFileSync(file, "export const handler = async () => ({});\n");
  return { name: "(empty)", file, flags: EMPTY_FLAGS, environment: {}, starts: [] };
}

function deployed(name: FunctionName): Record<string, string> {
  const required = manifest[name].environment.map((key) => [key, LOCATIONS[key] ?? "x"] as const);
  const credentials = { AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x" };
  return { ...Object.fromEntries(required), ...credentials, AWS_REGION: "us-east-1" };
}

function print(name: FunctionName, { totalBytes, initialBytes, parts }: BundleSizes): void {
  const budget = BUDGETS[name];
  const kb = (bytes: number): string => `${Math.round(bytes / 1_000)} KB`;
  say(
    `${name}: minified, all of its files`,
    `${kb(totalBytes)}, ${kb(initialBytes)} at the start`,
    `<= ${kb(budget.totalBytes)}, ${kb(budget.initialBytes)} at the start`,
    totalBytes <= budget.totalBytes && initialBytes <= budget.initialBytes,
  );
  const shown = parts.slice(0, PARTS_SHOWN);
  console.log(`        ${shown.map((part) => `${part.name} ${kb(part.bytes)}`).join(", ")}`);
}

function percentiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(1).padStart(6);
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms`;
}
