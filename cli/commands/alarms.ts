/** `lamplighter alarms`: what rings, since when, why, and what to do. */
import type { Command } from "commander";
import { contextOf, type Cli } from "../context.ts";

export function registerAlarms(program: Command, cli: Cli): void {
  program
    .command("alarms")
    .description("what rings, since when, why, and what to do about it")
    .addHelpText(
      "after",
      `
A running system evaluates its alarms every minute, as CloudWatch does; with --stack they are
CloudWatch's own. "no data" is CloudWatch's INSUFFICIENT_DATA: nothing was published lately, or it is
too early to say. What each alarm means, and what to do, is in docs/runbook.md.
Exit status is 1 where an alarm rings.

Examples:
  lamplighter alarms
  lamplighter alarms --stack Lamplighter
  lamplighter alarms --json | jq 'select(.state != "OK")'
`,
    )
    .action(async (_options: unknown, command: Command) => {
      const { showAlarms } = await import("./alarms/run.ts");
      cli.settle(await showAlarms(contextOf(cli, command)));
    });
}
