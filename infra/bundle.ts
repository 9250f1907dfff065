/**
 * What the stack runs for each function, since the CDK waits for no promise:
 * `node infra/bundle.ts functions/collect outdir`.
 */
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
process.stderr.write(`${folder}: ${kb(totalBytes)} KB of code, ${kb(initialBytes)} at the start\n`);
