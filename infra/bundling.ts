/** How a function becomes one file: used by the stack, and by the test that starts the bundles. */

// The SDK's CommonJS parts ask for `require`, which an ES module doesn't have.
const REQUIRE_BANNER =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

export const bundling = {
  target: "node24",
  mainFields: ["module", "main"],
  banner: REQUIRE_BANNER,
  minify: true,
  keepNames: true,
};
