/**
 * What a tool can check about our code; what it can't is said in the docs.
 *
 * Strict typed rules everywhere, because our worst bug is a conditional write that nobody awaits.
 * lib/domain and lib/usecases are kept free of clock, randomness and environment: those are arguments.
 */
import prettier from "eslint-config-prettier";
import tseslint from "typescript-eslint";

/** Globals that read something which isn't an argument. */
const HIDDEN_INPUTS = [
  ["process", "the environment is parsed in functions/*/env.ts and handed down"],
  ["performance", "time is an argument (domain) or comes from the clock port"],
  ["crypto", "randomness comes from the ids port"],
  ["fetch", "the network is reached by adapters only"],
  ["console", "logging belongs to functions and cli"],
  ["setTimeout", "waiting goes through the clock port"],
  ["setInterval", "waiting goes through the clock port"],
  ["setImmediate", "waiting goes through the clock port"],
].map(([name, message]) => ({ name, message }));

const HIDDEN_PROPERTIES = [
  {
    object: "Date",
    property: "now",
    message: "`now` is an argument, or comes from the clock port.",
  },
  {
    object: "Math",
    property: "random",
    message: "Random numbers are arguments, or come from the ids port.",
  },
];

const HIDDEN_SYNTAX = [
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: "`new Date()` reads the clock: `now` is an argument, or comes from the clock port.",
  },
  {
    selector: "CallExpression[callee.name='Date']",
    message: "`Date()` reads the clock: `now` is an argument, or comes from the clock port.",
  },
];

const PURE = {
  "no-restricted-globals": ["error", ...HIDDEN_INPUTS],
  "no-restricted-properties": ["error", ...HIDDEN_PROPERTIES],
  "no-restricted-syntax": ["error", ...HIDDEN_SYNTAX],
};

/** Node's modules do I/O; SHA-256 is a function of its input and so allowed. */
const NODE_HASH_ONLY = {
  paths: [
    {
      name: "node:crypto",
      allowImportNames: ["hash"],
      message: "Only `hash`: the rest is random or keeps state.",
    },
  ],
  patterns: [
    { regex: "^node:(?!crypto$)", message: "No I/O here: ask a port." },
    {
      regex: "^(fs|os|net|http|https|path|child_process|crypto|timers)(/|$)",
      message: "No I/O here: ask a port.",
    },
  ],
};

const NO_ZOD = {
  regex: "^zod(/|$)",
  message: "Input is parsed at the edges (functions, cli, adapters).",
};

export default tseslint.config(
  {
    ignores: [
      "node_modules/",
      "cdk.out/",
      "coverage/",
      ".lamplighter/",
      "bench/out/",
      ".test-aws/",
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-control-regex": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      // Statements, not lines: a factory is as long as the functions that it closes over.
      "max-statements": ["error", 30],
      "max-params": "off",
      "@typescript-eslint/max-params": ["error", { max: 4 }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // A union without `default` is complete, or it doesn't compile.
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { allowDefaultCaseForExhaustiveSwitch: false, requireDefaultForNonUnion: true },
      ],
      // Ports are objects of closures: nothing of ours has a `this` that could get lost.
      "@typescript-eslint/unbound-method": "off",
      // Our units are branded numbers, which this rule takes for something else.
      "@typescript-eslint/no-unsafe-unary-minus": "off",
      // Counts are numbers and may be printed; objects, undefined and promises may not.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true, allow: [{ name: "Error", from: "lib" }] },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
    },
  },
  {
    files: ["lib/domain/**/*.ts"],
    rules: {
      ...PURE,
      "no-restricted-imports": [
        "error",
        { paths: NODE_HASH_ONLY.paths, patterns: [...NODE_HASH_ONLY.patterns, NO_ZOD] },
      ],
    },
  },
  {
    files: ["lib/ports/**/*.ts", "lib/usecases/**/*.ts"],
    rules: {
      ...PURE,
      "no-restricted-imports": [
        "error",
        { paths: NODE_HASH_ONLY.paths, patterns: [...NODE_HASH_ONLY.patterns, NO_ZOD] },
      ],
    },
  },
  {
    // What people read in a terminal, and how programs are told what happened.
    files: ["cli/**/*.ts", "local/**/*.ts", "bench/**/*.ts"],
    rules: { "no-console": "off" },
  },
  {
    // A suite is one long function of short tests, and a property takes what it takes.
    files: ["test/**/*.ts", "bench/**/*.ts"],
    rules: {
      "max-lines": ["error", { max: 500, skipBlankLines: true, skipComments: true }],
      "max-statements": "off",
      "@typescript-eslint/explicit-module-boundary-types": "off",
      "@typescript-eslint/max-params": "off",
    },
  },
  {
    files: ["**/*.js", "**/*.cjs"],
    ...tseslint.configs.disableTypeChecked,
    rules: {
      ...tseslint.configs.disableTypeChecked.rules,
      "no-console": "off",
      "@typescript-eslint/explicit-module-boundary-types": "off",
      "@typescript-eslint/no-require-imports": "off",
    },
  },
  prettier,
);
