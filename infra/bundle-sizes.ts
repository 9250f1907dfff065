/**
 * How large a bundle is, and why.
 *
 * In:    esbuild's metafile                               Out: bytes of code, without source maps
 * Holds: `initial` is what is parsed when the function starts; the rest is loaded when it is needed.
 */
import type { Metafile } from "esbuild";

export interface BundleSizes {
  readonly totalBytes: number;
  readonly initialBytes: number;
  /** By package, or by folder of our own: the largest first. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
}

export function bundleSizes({ outputs }: Metafile): BundleSizes {
  const code = Object.entries(outputs).filter(([file]) => file.endsWith(".mjs"));
  const initial = filesOfStart(outputs);
  const sum = (files: typeof code): number => files.reduce((all, [, { bytes }]) => all + bytes, 0);
  return {
    totalBytes: sum(code),
    initialBytes: sum(code.filter(([file]) => initial.has(file))),
    parts: partsOf(code.map(([, output]) => output)),
  };
}

/** The entry, and what it imports other than lazily. */
function filesOfStart(outputs: Metafile["outputs"]): ReadonlySet<string> {
  const entry = Object.keys(outputs).find((file) => /(?:^|\/)index\.mjs$/u.test(file));
  const found = new Set(entry === undefined ? [] : [entry]);
  // A set that grows while it is walked: each file is looked at once.
  for (const file of found) {
    for (const { path, kind } of outputs[file]?.imports ?? []) {
      if (kind === "import-statement" && outputs[path] !== undefined) found.add(path);
    }
  }
  return found;
}

function partsOf(files: readonly Metafile["outputs"][string][]): BundleSizes["parts"] {
  const bytes = new Map<string, number>();
  for (const { inputs } of files) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const name = partOf(input);
      bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
    }
  }
  return [...bytes]
    .map(([name, size]) => ({ name, bytes: size }))
    .toSorted((a, b) => b.bytes - a.bytes);
}

function partOf(input: string): string {
  const inPackage = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/u.exec(input)?.[1];
  return inPackage ?? input.split("/").slice(0, 2).join("/");
}
