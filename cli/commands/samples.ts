/** `lamplighter samples`: what was found when a target was captured. */
import type { Command } from "commander";
import { parseDuration } from "#domain/duration.ts";
import { limits } from "#domain/limits.ts";
import type { DurationMs } from "#domain/units.ts";
import { contextOf, parseCount, parsedBy, type Cli } from "../context.ts";

export interface SamplesOptions {
  readonly since: DurationMs;
  readonly limit?: number;
}

export function registerSamples(program: Command, cli: Cli): void {
  program
    .command("samples")
    .description("what was found when a target was captured")
    .argument("<target>", "id of a target, also of one that was removed")
    .option(
      "--since <span>",
      "so far back (default: 1h)",
      parsedBy((text) => parseDuration(text, "--since")),
      parseDuration("1h"),
    )
    .option("--limit <n>", "the newest n", parsedBy(parseCount(1, limits.samplesMax)))
    .addHelpText(
      "after",
      `
One line a capture, oldest first; rounds that were missed are there with the reason.

Examples:
  lamplighter samples example.com/health
  lamplighter samples example.com/health --since 24h --limit 20
  lamplighter samples example.com/health --since 7d --json | jq 'select(.ok == false)'
`,
    )
    .action(async (target: string, options: SamplesOptions, command: Command) => {
      const { showSamples } = await import("./samples/run.ts");
      cli.settle(await showSamples(contextOf(cli, command), target, options));
    });
}
