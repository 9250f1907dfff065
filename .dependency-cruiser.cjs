/**
 * Which layer may know which. Arrows point from what is known to who knows it:
 *
 *     domain <- ports <- usecases <- functions <- infra, local
 *     domain <- ports <- adapters <- functions
 *
 * cli may know everything but infra; test and bench may know everything, and nobody knows them.
 */
const LAYERS = {
  "lib/domain": [],
  "lib/ports": ["lib/domain"],
  "lib/usecases": ["lib/domain", "lib/ports"],
  "lib/adapters": ["lib/domain", "lib/ports"],
  functions: ["lib"],
  infra: ["lib", "functions"],
  local: ["lib", "functions"],
  cli: ["lib", "functions", "local"],
};

/** Each layer may import itself, the layers named above, and packages. */
const directions = Object.entries(LAYERS).map(([layer, known]) => ({
  name: `${layer.replace("lib/", "")}-knows-only`,
  comment: `${layer} may import ${[layer, ...known].join(", ")} and nothing else of ours`,
  severity: "error",
  from: { path: `^${layer}/` },
  to: {
    path: "^(lib|functions|infra|local|cli|test|bench|examples)/",
    pathNot: `^(${[layer, ...known].join("|")})/`,
  },
}));

module.exports = {
  forbidden: [
    ...directions,
    {
      name: "no-cycles",
      comment:
        "two files that need each other are one file, or hide a third; types are gone when it runs",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-unresolvable",
      comment: "an import that leads nowhere (aws-lambda is a name for types only)",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^aws-lambda$" },
    },
    {
      name: "domain-packages",
      comment:
        "the domain is pure: cron, addresses and linear-time regular expressions are all it borrows",
      severity: "error",
      from: { path: "^lib/domain/" },
      to: {
        dependencyTypes: ["npm", "npm-dev", "npm-optional"],
        pathNot: "node_modules/(croner|ipaddr\\.js|re2js)/",
      },
    },
    {
      name: "ports-and-usecases-need-no-packages",
      comment: "what is done is written against ports; packages belong to adapters",
      severity: "error",
      from: { path: "^lib/(ports|usecases)/" },
      to: { dependencyTypes: ["npm", "npm-dev", "npm-optional"] },
    },
    {
      name: "cdk-in-infra-only",
      comment: "functions must stay small: the CDK never gets into a bundle",
      severity: "error",
      from: { path: "^(lib|functions|local|cli)/" },
      to: { path: "node_modules/(aws-cdk-lib|constructs)/" },
    },
    {
      name: "tests-are-not-imported",
      comment: "what ships doesn't know how it is tested",
      severity: "error",
      from: { path: "^(lib|functions|infra|local|cli)/" },
      to: { path: "node_modules/(vitest|fast-check)/" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(cdk\\.out|\\.lamplighter|bench/out)/" },
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".json"],
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
