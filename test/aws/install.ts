/**
 * What is installed, into a folder of its own: once for each list of packages.
 *
 * Holds: a part is taken for installed only when its installation ended well, with the list as it
 *        is now; one that was cut off begins anew.
 */
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OWN_FOLDER, places } from "./places.ts";
import { run } from "./processes.ts";
import { StepFailure, type StepEnd } from "./report.ts";
import { PYTHON_COMMAND } from "./versions.ts";

const INSTALL_WITHIN_MS = 600_000;
const LAST_LINES = 25;

interface Part {
  readonly name: string;
  /** What pins it, in test/aws/packages. */
  readonly lists: readonly string[];
  /** Emptied before it begins. */
  readonly folder: string;
  readonly commands: readonly (readonly [string, ...string[]])[];
  readonly environment?: Readonly<Record<string, string>>;
}

const list = (name: string): string => join(places.packages, name);

export const parts = {
  python: {
    name: "python packages",
    lists: ["python.txt"],
    folder: places.python,
    commands: [
      [PYTHON_COMMAND, "-m", "venv", places.python],
      // All that is needed is named, with its version: nothing is looked for beyond the list.
      [
        join(places.pythonBin, "pip"),
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--requirement",
        list("python.txt"),
      ],
    ],
  },
  runtime: {
    name: "AWS's runtime",
    lists: ["package.json", "package-lock.json"],
    folder: places.runtime,
    commands: [["npm", "ci", "--no-audit", "--no-fund", "--foreground-scripts"]],
    // Node's headers come from npm too: compiling needs no other host.
    environment: {
      npm_config_nodedir: join(places.runtime, `node_modules/node-linux-${process.arch}`),
    },
  },
  dynamoDbLocal: {
    name: "DynamoDB Local",
    lists: ["pom.xml"],
    folder: places.dynamoDbLocal,
    commands: [
      [
        "mvn",
        "--batch-mode",
        "--quiet",
        `-Dmaven.repo.local=${places.mavenRepository}`,
        "--file",
        join(places.dynamoDbLocal, "pom.xml"),
        "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
        `-DoutputDirectory=${places.dynamoDbLocal}`,
        "-DincludeScope=runtime",
      ],
    ],
  },
} as const satisfies Record<string, Part>;

/** With no logs of an earlier run. Git sees nothing of the folder, whatever else says so. */
export async function makeOwnFolder(): Promise<void> {
  await rm(places.logs, { recursive: true, force: true });
  for (const folder of [OWN_FOLDER, places.installed, places.logs]) {
    await mkdir(folder, { recursive: true });
  }
  await writeFile(join(OWN_FOLDER, ".gitignore"), "*\n");
}

/** @throws StepFailure with the last lines of what the command said. */
export async function install(
  part: Part,
  environment: Readonly<Record<string, string>>,
): Promise<StepEnd<true>> {
  const wanted = await fingerprint(part);
  const stamp = join(places.installed, part.name.replaceAll(/\W+/gu, "-"));
  const present = await readFile(stamp, "utf8").catch(() => "");
  if (present === wanted) return { value: true, said: "already there" };
  await rm(stamp, { force: true });
  await rm(part.folder, { recursive: true, force: true });
  await mkdir(part.folder, { recursive: true });
  for (const name of part.lists) await copyFile(list(name), join(part.folder, name));
  for (const [command, ...args] of part.commands) {
    const ran = await run(
      {
        command,
        args,
        cwd: part.folder,
        environment: { ...environment, ...part.environment },
      },
      INSTALL_WITHIN_MS,
    );
    if (ran.code !== 0) {
      const why = ran.isOverTime ? `took more than ${INSTALL_WITHIN_MS / 1_000} s` : "failed";
      throw new StepFailure(`${command} ${args[0] ?? ""} ${why}:\n${lastLines(ran.output)}`);
    }
  }
  await writeFile(stamp, wanted);
  return { value: true, said: `into ${part.folder.slice(OWN_FOLDER.length - ".test-aws".length)}` };
}

export function lastLines(output: string): string {
  return output.trimEnd().split("\n").slice(-LAST_LINES).join("\n");
}

async function fingerprint(part: Part): Promise<string> {
  const hash = createHash("sha256");
  for (const name of part.lists) hash.update(await readFile(list(name)));
  return hash.update(`${process.arch} ${JSON.stringify(part.commands)}`).digest("hex");
}
