#!/usr/bin/env node
/**
 * The `lamplighter` command: finds a Node that is new enough and runs cli/main.ts under it.
 *
 * Plain JavaScript, because the Node that starts it may not read TypeScript. Signals: a terminal
 * sends Ctrl-C to both processes, so it isn't passed on there (two of them mean "stop at once").
 */
import { spawn, spawnSync } from "child_process";
import { constants } from "os";
import { fileURLToPath } from "url";
import { guard, isNewEnough, OWN_NODE } from "./guard.js";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const ANSWER_WITHIN_MS = 10000;

/** The project's own Node, if it is there and new enough. */
function ownNode() {
  const asked = spawnSync(OWN_NODE, ["--version"], { encoding: "utf8", timeout: ANSWER_WITHIN_MS });
  return asked.status === 0 && isNewEnough(asked.stdout.trim()) ? OWN_NODE : undefined;
}

function runUnder(node) {
  const child = spawn(node, [MAIN].concat(process.argv.slice(2)), { stdio: "inherit" });
  const inTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !inTerminal) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write("lamplighter: " + node + " does not start: " + error.message + "\n");
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    process.exit(signal === null ? code : 128 + constants.signals[signal]);
  });
}

if (isNewEnough(process.version)) {
  process.argv[1] = MAIN;
  // Not awaited: old versions can't read an await out here, and a rejection ends the process anyway.
  import("./main.ts");
} else {
  const node = ownNode();
  if (node === undefined) guard();
  else runUnder(node);
}
