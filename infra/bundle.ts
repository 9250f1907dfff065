/**
 * What the stack runs for each function, since the CDK waits for no promise:
 * `node infra/bundle.ts functions/collect outdir`.
 */
import { manifest } from "#functions/manifest.ts";
import { BUDGETS } from "./budgets.ts";
import { bundleSizes } from "./bundle-sizes.ts";
import { bundle } from "./bundling.ts";

const [folder, outdir] = process.argv.slice(2);
if (folder === undefined || outdir === undefined) {
  throw new Error(
    `usage: node infra/bundle.ts FOLDER OUTDIR, found ${JSON.stringify(process.argv.slice(2))}`,
  );
}
const { totalBytes, initialBytes } = bundleSizes(await bundle({ folder, outdir }));
const kb = (bytes: number): number => Math.ceil(bytes / 1_000);
const name = Object.values(manifest).find((described) => described.folder === folder)?.name;
const budget = name === undefined ? undefined : BUDGETS[name];
const of = (bytes: number | undefined): string =>
  bytes === undefined ? "" : ` of at most ${kb(bytes)}`;
process.stderr.write(
  `${folder}: ${kb(totalBytes)} KB of code${of(budget?.totalBytes)}, ${kb(initialBytes)}${of(budget?.initialBytes)} at the start\n`,
);
