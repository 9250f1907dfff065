/**
 * How a function becomes files that Lambda runs: what its handler needs, as ES modules, minified.
 * Used by the stack, by the tests that start the bundles and by what measures them.
 *
 * In:    a function's folder                              Out: index.mjs, its chunks and source maps
 * Holds: what is imported lazily lies in chunks of its own and isn't parsed before.
 * Fails: esbuild's BuildFailure, with file and line.
 */
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Metafile, type Plugin } from "esbuild";
import { leaveOut } from "./left-out.ts";
import { sdkShapes } from "./sdk-shapes.ts";

export interface BundleOptions {
  /** Folder of `handler.ts`, from the root. */
  readonly folder: string;
  readonly outdir: string;
  /** Where the sources are; default: this repository. */
  readonly root?: string;
  readonly plugins?: readonly Plugin[];
}

// The SDK's CommonJS parts ask for `require`, which an ES module doesn't have.
const REQUIRE_BANNER =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

const repository = fileURLToPath(new URL("../", import.meta.url));

const options = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  splitting: true,
  outExtension: { ".js": ".mjs" },
  chunkNames: "[name]-[hash]",
  mainFields: ["module", "main"],
  banner: { js: REQUIRE_BANNER },
  minify: true,
  // In a file beside it: nobody parses them when a function starts.
  legalComments: "external",
  // Stack traces name our own files and lines: Node runs with --enable-source-maps.
  sourcemap: "linked",
  sourcesContent: false,
  // As Node's own copy of undici is built: without the parser that it is trying out.
  define: { esbuildDetection: "1" },
  metafile: true,
  logLevel: "silent",
} as const satisfies BuildOptions;

export async function bundle({
  folder,
  outdir,
  root = repository,
  plugins = [],
}: BundleOptions): Promise<Metafile> {
  const { metafile } = await build({
    ...options,
    absWorkingDir: root,
    entryPoints: [{ in: `${folder}/handler.ts`, out: "index" }],
    outdir,
    plugins: [...plugins, leaveOut, sdkShapes],
  });
  return metafile;
}
