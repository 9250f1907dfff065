/**
 * Refuses to go on under a Node that is too old, and says which was found and which is needed.
 *
 * The project brings its own Node (the npm package `node`), whose binary comes from an install
 * script: without it the machine's Node would run in silence, and fail somewhere strange.
 *
 * Plain JavaScript that old versions can read: it must run exactly where the rest can't.
 */
import { existsSync } from "fs";
import { fileURLToPath } from "url";

export const NODE_NEEDED = 24;

/** Where the project's own Node lies, whether it is there or not. */
export const OWN_NODE = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));

/** Whether `version` ("v24.1.0") is new enough. */
export function isNewEnough(version) {
  return Number(version.replace(/^v/, "").split(".")[0]) >= NODE_NEEDED;
}

/** What to tell somebody whose Node is too old. */
export function explain(version, path, ownNodeExists) {
  const found =
    "lamplighter needs Node " + NODE_NEEDED + " or newer, found " + version + " at " + path + ".";
  if (ownNodeExists) {
    return (
      found +
      "\nThe project has its own: start it with `npm run ...` (or `npm start`, `npm test`).\n"
    );
  }
  return (
    found +
    "\nThe project's own Node (npm package `node`) has no binary here: its install script did not run.\n" +
    "Either let it run:   npm ci   (without --ignore-scripts), or   npm rebuild node\n" +
    "or install Node " +
    NODE_NEEDED +
    " and put it first in PATH.\n"
  );
}

/** Ends the process with status 1 when the running Node is too old. */
export function guard() {
  if (isNewEnough(process.version)) return;
  process.stderr.write(explain(process.version, process.execPath, existsSync(OWN_NODE)));
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) guard();
