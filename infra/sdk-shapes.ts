/**
 * Lets esbuild drop the SDK's descriptions of calls that we don't make.
 *
 * Each client describes all of its shapes in one file. Two things keep those that nobody uses:
 *
 * - keys like `{ [_hQ]: … }`, where `_hQ` is a constant text of that file: to esbuild a computed key
 *   may have an effect. With the text in the key's place it has none.
 * - errors are registered one by one, used or not. SSM has 140 of them, and we look at an error's name
 *   only: unregistered ones come as the client's base exception, with the same name and message.
 *
 * Holds: what is built says the same. Where the SDK writes these in another way nothing is replaced,
 *        and the budget (test/infra/bundles.test.ts) shows it.
 * Numbers: keys: 70 KB of collect, 40 KB of rebalance; errors: 55 KB of collect (2026-11,
 *        `npm run bench:bundle`).
 */
import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

// Without the flag `u`, which esbuild's own kind of expressions doesn't know.
const SHAPES = /\/@aws-sdk\/client-[a-z0-9-]+\/dist-es\/schemas\/schemas_0\.js$/;
const OF_SSM = /\/client-ssm\//u;

export const sdkShapes: Plugin = {
  name: "sdk-shapes",
  setup(build) {
    build.onLoad({ filter: SHAPES }, async ({ path }) => {
      const source = withLiteralKeys(await readFile(path, "utf8"));
      return { contents: OF_SSM.test(path) ? withoutErrors(source) : source };
    });
  },
};

/** @param source of a module. */
export function withLiteralKeys(source: string): string {
  const texts = new Map(
    [...source.matchAll(/^const (\w+) = ("[^"\\\n]*");$/gmu)].map(([, name, text]) => [name, text]),
  );
  return source.replace(/\[(\w+)\]:/gu, (key, name: string) => {
    const text = texts.get(name);
    return text === undefined ? key : `${text}:`;
  });
}

/** All but the base exception of the client, which is in another registry. */
function withoutErrors(source: string): string {
  return source.replace(/^n0_registry\.registerError\(\w+\$, \w+\);$/gmu, "");
}
