/**
 * A release of the functions as bundles: today's sources, but for what that release has otherwise.
 *
 * Holds: every change is made exactly where it says, or the build fails: a release that is the same
 *        as today's proves nothing.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { manifest, type FunctionManifest, type FunctionName } from "#functions/manifest.ts";
import { bundle } from "../../infra/bundling.ts";
import type { TestManifest } from "./local-invoker.ts";

export interface SourceChange {
  /** From the root. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface ReleaseOptions {
  /** For its bundles. */
  readonly folder: string;
  readonly name: string;
  readonly changes: readonly SourceChange[];
  readonly numbers?: Partial<Record<FunctionName, Partial<FunctionManifest>>>;
}

/** Bundled, and described for the local invoker. */
export async function buildRelease(options: ReleaseOptions): Promise<TestManifest> {
  const made = new Set<SourceChange>();
  const described = async (name: FunctionName): Promise<FunctionManifest> => {
    const folder = join(options.folder, options.name, name);
    await bundle({
      folder: manifest[name].folder,
      outdir: folder,
      plugins: [changing(options.changes, made)],
    });
    // The local runtime asks for this name.
    await writeFile(join(folder, "handler.ts"), 'export { handler } from "./index.mjs";\n');
    return { ...manifest[name], ...options.numbers?.[name], folder };
  };
  const release = {
    rebalance: await described("rebalance"),
    collect: await described("collect"),
    "health-check": await described("health-check"),
  };
  const left = options.changes.filter((change) => !made.has(change));
  if (left.length === 0) return release;
  const files = left.map(({ file }) => file).join(", ");
  throw new Error(`release ${options.name}: no bundle has ${files}, expected each to be changed`);
}

function changing(changes: readonly SourceChange[], made: Set<SourceChange>): Plugin {
  return {
    name: "another-release",
    setup(build) {
      // Without the flag `u`, which esbuild's own kind of expressions doesn't know.
      build.onLoad({ filter: /\/(?:lib|functions)\/.*\.ts$/ }, async ({ path }) => {
        const own = changes.filter(({ file }) => path.endsWith(`/${file}`));
        if (own.length === 0) return undefined;
        let contents = await readFile(path, "utf8");
        for (const change of own) {
          if (contents.split(change.from).length !== 2) {
            throw new Error(`${change.file}: expected once: ${change.from}`);
          }
          contents = contents.replace(change.from, () => change.to);
          made.add(change);
        }
        return { contents, loader: "ts" };
      });
    },
  };
}
