/** `lamplighter status`: what is up, what is down, since when. */
import type { Command } from "commander";
import { contextOf, eachParsedBy, parseCount, parsedBy, parseTag, type Cli, type Tag } from "../context.ts"; // prettier-ignore

export interface StatusOptions {
  readonly limit: number;
  readonly tag?: readonly Tag[];
}

const LIMIT_DEFAULT = 20;

export function registerStatus(program: Command, cli: Cli): void {
  program
    .command("status")
    .description("what is up and what is down, since when; the last 24 hours")
    .argument("[target]", "only this one, by its id")
    .option(
      "--limit <n>",
      "show at most n targets, those down first",
      parsedBy(parseCount(0, 10_000)),
      LIMIT_DEFAULT,
    ) // prettier-ignore
    .option("--tag <name=value>", "only targets with this tag", eachParsedBy(parseTag))
    .addHelpText(
      "after",
      `
Counts cover all targets; the figures of the last 24 hours are read for those that are shown.
Exit status is 1 where a target is down.

Examples:
  lamplighter status
  lamplighter status example.com/health
  lamplighter status --tag team=web --limit 100
  lamplighter status > /dev/null || echo "something is down"
`,
    )
    .action(async (target: string | undefined, options: StatusOptions, command: Command) => {
      const context = contextOf(cli, command);
      const { fleetStatus, targetStatus } = await import("./status/run.ts");
      const code =
        target === undefined ? fleetStatus(context, options) : targetStatus(context, target);
      cli.settle(await code);
    });
}
