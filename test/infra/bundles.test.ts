import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manifest } from "#functions/manifest.ts";
import { bundling } from "../../infra/bundling.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { banner, ...options } = bundling;
// Well below what would be felt when a function starts, and above what it needs.
const BYTES_MAX = 3 * 2 ** 20;
const START_MAX_MS = 20_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bundles-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe.each(Object.values(manifest))("bundle of $name", (described) => {
  const file = (): string => join(folder, described.name, "index.mjs");
  let inputs: string[] = [];
  let bytes = 0;

  beforeAll(async () => {
    const { metafile } = await build({
      ...options,
      absWorkingDir: root,
      entryPoints: [`${described.folder}/handler.ts`],
      outfile: file(),
      bundle: true,
      platform: "node",
      format: "esm",
      banner: { js: banner },
      metafile: true,
      logLevel: "silent",
    });
    inputs = Object.keys(metafile.inputs);
    bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
  });

  it("holds what runs, and nothing of infra, the local cloud, the command line or tests", () => {
    const strangers =
      /^(infra|local|cli|test|bench)\/|node_modules\/(aws-cdk-lib|constructs|vitest|commander)\//u;
    expect(inputs).toContain(`${described.folder}/handler.ts`);
    expect(inputs.filter((input) => strangers.test(input))).toEqual([]);
    expect(bytes).toBeLessThan(BYTES_MAX);
  });

  it("starts with the variables that the manifest names, and offers a handler", () => {
    const environment = Object.fromEntries(
      described.environment.map((key) => [key, key.endsWith("_LOCATION") ? "file:///tmp/x" : "x"]),
    );
    const script = `import(${JSON.stringify(file())}).then((m) => { console.log(typeof m.handler); process.exit(); })`;
    const said = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
      env: { ...environment, AWS_REGION: "eu-central-1" },
      encoding: "utf8",
      timeout: START_MAX_MS,
    });
    expect(said.trim().split("\n").at(-1)).toBe("function");
  });
});
