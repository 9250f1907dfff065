import { mkdtemp, rm, writeFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { build, type Plugin } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleSizes } from "../../infra/bundle-sizes.ts";
import { leaveOut } from "../../infra/left-out.ts";
import { sdkShapes, withLiteralKeys } from "../../infra/sdk-shapes.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "bundle-parts-"));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

async function put(path: string, content: string): Promise<string> {
  const file = join(root, path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, content);
  return file;
}

describe("keys that are constants of the same file", () => {
  it("become the text itself", () => {
    expect(withLiteralKeys('const _hQ = "httpQuery";\nexport const a = { [_hQ]: 1 };')).toBe(
      'const _hQ = "httpQuery";\nexport const a = { "httpQuery": 1 };',
    );
  });

  it.each([
    "export const a = { [unknown]: 1 };",
    'let _x = "changes";\nexport const a = { [_x]: 1 };',
    'const _x = "with \\" quotes";\nexport const a = { [_x]: 1 };',
    'const _x = "y";\nexport const a = list[_x];',
  ])("are left alone when they may be something else: %j", (source) => {
    expect(withLiteralKeys(source)).toBe(source);
  });

  it("let what nobody uses be dropped", async () => {
    const shapes = 'const _k = "key";\nexport var used = [1];\nexport var unused = [{ [_k]: 2 }];';
    await put("node_modules/@aws-sdk/client-x/dist-es/schemas/schemas_0.js", shapes);
    const path = "./node_modules/@aws-sdk/client-x/dist-es/schemas/schemas_0.js";
    const entry = await put("entry.js", `export { used } from "${path}";`);
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: "esm",
      plugins: [sdkShapes],
    });
    expect(outputFiles[0]?.text).toContain("used");
    expect(outputFiles[0]?.text).not.toContain("unused");
  });
});

describe("errors of SSM, which are registered nowhere in a bundle", () => {
  const client = async (plugins: Plugin[]): Promise<{ bytes: number; thrown: unknown }> => {
    const { outputFiles } = await build({
      stdin: {
        contents: `import { SSMClient, GetParameterCommand } from "@aws-sdk/client-ssm";
          export const call = (options) => new SSMClient(options).send(new GetParameterCommand({ Name: "/x" }));`,
        resolveDir: import.meta.dirname,
      },
      bundle: true,
      write: false,
      platform: "node",
      format: "esm",
      mainFields: ["module", "main"],
      banner: {
        js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);",
      },
      plugins,
    });
    const text = outputFiles[0]?.text ?? "";
    const file = await put(`ssm-${plugins.length}.mjs`, text);
    const { call } = (await import(file)) as { call: (options: unknown) => Promise<unknown> };
    const body = JSON.stringify({ __type: "ParameterNotFound", message: "no /x" });
    const thrown = await call({
      region: "local",
      credentials: { accessKeyId: "x", secretAccessKey: "x" },
      requestHandler: {
        handle: () =>
          Promise.resolve({
            response: { statusCode: 400, headers: {}, body: Readable.from([Buffer.from(body)]) },
          }),
      },
    }).catch((error: unknown) => error);
    return { bytes: text.length, thrown };
  };

  it("have their name, message and status all the same, and the client is a good deal smaller", async () => {
    const [whole, shaped] = [await client([]), await client([sdkShapes])];
    const expected = {
      name: "ParameterNotFound",
      message: "no /x",
      $fault: "client",
      $metadata: { httpStatusCode: 400 },
    };
    expect(whole.thrown).toMatchObject(expected);
    expect(shaped.thrown).toMatchObject(expected);
    expect(shaped.bytes).toBeLessThan(whole.bytes - 100_000);
  });
});

describe("what is left out", () => {
  it("says what it was and why when it is reached all the same, and the chain goes on", async () => {
    await put("node_modules/@aws-sdk/credential-provider-ini/index.js", "exports.fromIni = 1;");
    const entry = await put(
      "chain.js",
      'export const reached = import("./node_modules/@aws-sdk/credential-provider-ini/index.js");',
    );
    const outfile = join(root, "chain.mjs");
    await build({
      entryPoints: [entry],
      bundle: true,
      outfile,
      format: "esm",
      plugins: [leaveOut],
    });
    const { reached } = (await import(outfile)) as { reached: Promise<unknown> };
    await expect(reached).rejects.toMatchObject({
      tryNextLink: true,
      message: expect.stringMatching(
        /^@aws-sdk\/credential-provider-ini\/index\.js is left out of the bundle: on Lambda/u,
      ) as string,
    });
  });
});

describe("the size of a bundle", () => {
  const output = (
    bytes: number,
    imports: readonly (readonly [string, string])[],
    input: string,
  ) => ({
    bytes,
    imports: imports.map(([path, kind]) => ({ path, kind: kind as "import-statement" })),
    inputs: { [input]: { bytesInOutput: bytes } },
    exports: [],
  });
  const sizes = bundleSizes({
    inputs: {},
    outputs: {
      "out/index.mjs": output(
        10,
        [
          ["out/a.mjs", "import-statement"],
          ["out/lazy.mjs", "dynamic-import"],
          ["node:fs", "import-statement"],
        ],
        "lib/domain/a.ts",
      ),
      "out/a.mjs": output(20, [["out/index.mjs", "import-statement"]], "node_modules/zod/x.js"),
      "out/lazy.mjs": output(40, [], "../node_modules/@aws-sdk/core/y.js"),
      "out/index.mjs.map": output(1_000, [], "lib/domain/a.ts"),
    },
  });

  it("is the code without its maps, and what is loaded at the start", () => {
    expect(sizes).toMatchObject({ totalBytes: 70, initialBytes: 30 });
  });

  it("is told by package and folder, the largest first", () => {
    expect(sizes.parts).toEqual([
      { name: "@aws-sdk/core", bytes: 40 },
      { name: "zod", bytes: 20 },
      { name: "lib/domain", bytes: 10 },
    ]);
  });
});
