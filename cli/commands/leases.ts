/** `lamplighter leases`: who captures what. */
import type { Command } from "commander";
import { contextOf, type Cli } from "../context.ts";

export function registerLeases(program: Command, cli: Cli): void {
  program
    .command("leases")
    .description("who captures which part of the targets, and how it keeps up")
    .addHelpText(
      "after",
      `
SLOTS is the share of the hash space; LAG how far the oldest due capture is behind; CAPTURES those
of the last whole minute.

Examples:
  lamplighter leases
  lamplighter leases --json | jq 'select(.lagMs > 1000)'
`,
    )
    .action(async (_options: unknown, command: Command) => {
      const { showLeases } = await import("./leases/run.ts");
      cli.settle(await showLeases(contextOf(cli, command)));
    });
}
