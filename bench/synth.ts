/**
 * `npm run synth` on this checkout as if freshly cloned, then with one function's source changed: how
 * long each takes, and whose code is another. `npm run bench:synth` (needs git)
 */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { say } from "./support/bench-world.ts";

const GOAL_S = 15;
const SYNTH_MAX_MS = 300_000;
const CHANGED: FunctionName = "health-check";

const template = z.object({
  Resources: z.record(
    z.string(),
    z.looseObject({ Properties: z.looseObject({}), Metadata: z.unknown().optional() }),
  ),
});
type Resources = z.output<typeof template>["Resources"];

const source = fileURLToPath(new URL("..", import.meta.url));
const clone = mkdtempSync(join(tmpdir(), "lamplighter-synth-"));
try {
  copyCheckout();
  const [before, freshSeconds] = synth();
  const file = join(clone, manifest[CHANGED].folder, "handler.ts");
  appendFileSync(file, "\nexport const changed = true;\n");
  const [after, againSeconds] = synth();
  const changed = Object.keys({ ...before, ...after }).filter(
    (id) => JSON.stringify(before[id]) !== JSON.stringify(after[id]),
  );
  say(
    "npm run synth, fresh",
    `${freshSeconds.toFixed(1)} s`,
    `<= ${GOAL_S} s`,
    freshSeconds <= GOAL_S,
  );
  say(
    "npm run synth, one function changed",
    `${againSeconds.toFixed(1)} s`,
    `<= ${GOAL_S} s`,
    againSeconds <= GOAL_S,
  );
  const expected = manifest[CHANGED].logicalId;
  say(
    `resources that change with ${CHANGED}'s source`,
    changed.join(", ") || "none",
    expected,
    changed.join() === expected && sameButCode(before[expected], after[expected]),
  );
} finally {
  rmSync(clone, { recursive: true, force: true });
}

/** What a clone of the work as it stands would hold, with the packages that are here. */
function copyCheckout(): void {
  const listed = execFileSync("git", ["ls-files", "-z", "-co", "--exclude-standard"], {
    cwd: source,
    encoding: "utf8",
  });
  const deleted = new Set(
    execFileSync("git", ["ls-files", "-z", "-d"], { cwd: source, encoding: "utf8" }).split("\0"),
  );
  for (const name of listed.split("\0")) {
    if (name === "" || deleted.has(name)) continue;
    mkdirSync(dirname(join(clone, name)), { recursive: true });
    cpSync(join(source, name), join(clone, name));
  }
  symlinkSync(join(source, "node_modules"), join(clone, "node_modules"));
}

function synth(): readonly [Resources, number] {
  const startedAt = performance.now();
  execFileSync("npm", ["run", "--silent", "synth"], {
    cwd: clone,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: SYNTH_MAX_MS,
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const written = readFileSync(join(clone, "cdk.out", "Lamplighter.template.json"), "utf8");
  return [template.parse(JSON.parse(written)).Resources, seconds];
}

/** Whether two functions differ in nothing but where their code lies. */
function sameButCode(one: Resources[string] | undefined, other: typeof one): boolean {
  const rest = (resource: typeof one): string =>
    JSON.stringify({ ...resource?.Properties, Code: undefined });
  return rest(one) === rest(other);
}
