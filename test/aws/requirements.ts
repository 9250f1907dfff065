/**
 * What the machine must have, looked for before anything is installed.
 *
 * In:    how a command is asked for its version        Out: what is missing, and how to get it
 */
import { JAVA_LEAST, PYTHON_COMMAND } from "./versions.ts";

export interface Machine {
  readonly platform: string;
  readonly architecture: string;
  /** What the command says; undefined when it isn't there, or fails. */
  says(command: string, args: readonly string[]): Promise<string | undefined>;
}

export interface Missing {
  readonly what: string;
  readonly why: string;
  /** Of Debian 12. */
  readonly packages: readonly string[];
}

interface Tool {
  readonly what: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly why: string;
  readonly packages: readonly string[];
}

const TOOLS: readonly Tool[] = [
  {
    what: "Python 3.11 with venv",
    command: PYTHON_COMMAND,
    args: ["-c", "import ensurepip, venv; print('venv')"],
    why: "runs the stand-in for AWS, cfn-lint and sam",
    packages: ["python3", "python3-venv"],
  },
  {
    what: "a C++ compiler",
    command: "g++",
    args: ["--version"],
    why: "compiles AWS's runtime",
    packages: ["g++"],
  },
  ...["make", "cmake", "xz", "tar"].map((command) => ({
    what: command,
    command,
    args: ["--version"],
    why: "compiles AWS's runtime",
    packages: [command === "xz" ? "xz-utils" : command],
  })),
  {
    what: "npm",
    command: "npm",
    args: ["--version"],
    why: "installs AWS's runtime",
    packages: ["npm"],
  },
];

/** Empty when all is there. */
export async function missingRequirements(machine: Machine): Promise<readonly Missing[]> {
  const isKnown = machine.platform === "linux" && ["x64", "arm64"].includes(machine.architecture);
  const platform: Missing[] = isKnown
    ? []
    : [
        {
          what: `Linux on x64 or arm64 (this is ${machine.platform}-${machine.architecture})`,
          why: "AWS's runtime emulator is a program for these",
          packages: [],
        },
      ];
  const tools = await Promise.all(
    TOOLS.map(async ({ command, args, what, why, packages }) =>
      (await machine.says(command, args)) === undefined ? [{ what, why, packages }] : [],
    ),
  );
  return [...platform, ...tools.flat()];
}

/** For people: what is missing, why, and the one command that gets it. */
export function missingText(missing: readonly Missing[]): string {
  const packages = [...new Set(missing.flatMap((each) => each.packages))];
  return [
    ...missing.map(({ what, why }) => `missing: ${what} (${why})`),
    ...(packages.length === 0
      ? []
      : [`on Debian 12 and its kin: sudo apt-get install ${packages.join(" ")}`]),
  ].join("\n");
}

export type Java = { readonly kind: "found" } | { readonly kind: "missing"; readonly why: string };

/** Not a must: without it, what runs on it is said not to have run. */
export async function findJava(machine: Machine): Promise<Java> {
  const said = await machine.says("java", ["-version"]);
  const version = /version "(\d+)/u.exec(said ?? "")?.[1];
  const maven = await machine.says("mvn", ["--version"]);
  if (version !== undefined && Number(version) >= JAVA_LEAST && maven !== undefined) {
    return { kind: "found" };
  }
  const found = [
    version === undefined ? "no Java" : `Java ${version}`,
    maven === undefined ? "no Maven" : "Maven",
  ];
  return {
    kind: "missing",
    why:
      `not run: ${found.join(" and ")} here, needs Java ${JAVA_LEAST} and Maven ` +
      `(sudo apt-get install openjdk-${JAVA_LEAST}-jre-headless maven)`,
  };
}
