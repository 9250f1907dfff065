/**
 * What libraries bring along and a function on Lambda never reaches: left out of the bundles.
 *
 * In:    the modules below                                Out: a module that throws when it is reached
 * Holds: what is left out is loaded by no function that works: reached all the same, it says what it
 *        was and why it isn't there. The SDK's chain of credentials goes on with its next link then.
 */
import type { Plugin } from "esbuild";

const LEFT_OUT: readonly { readonly module: RegExp; readonly why: string }[] = [
  {
    module: /\/undici\/lib\/llhttp\/llhttp-wasm\.js$/u,
    why: "the parser for processors without SIMD: both kinds that Lambda has know it",
  },
  {
    module: /\/undici\/lib\/web\//u,
    why: "bodies that are forms, blobs or streams: ours are text",
  },
  {
    module: /\/@aws-sdk\/credential-provider-(?:sso|ini|process|web-identity)\//u,
    why: "on Lambda credentials come from the environment or the container's address",
  },
  {
    module: /\/bowser\//u,
    why: "browsers",
  },
];

export const leaveOut: Plugin = {
  name: "leave-out",
  setup(build) {
    // Without flags: esbuild is written in Go, whose expressions know no `u`.
    const every = new RegExp(LEFT_OUT.map(({ module }) => module.source).join("|"));
    build.onLoad({ filter: every }, ({ path }) => {
      const why = LEFT_OUT.find(({ module }) => module.test(path))?.why ?? "";
      const name = path.replace(/^.*\/node_modules\//u, "");
      const said = JSON.stringify(`${name} is left out of the bundle: ${why}`);
      return {
        contents: `module.exports = {}; throw Object.assign(new Error(${said}), { tryNextLink: true });`,
      };
    });
  },
};
