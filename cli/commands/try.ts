/** `lamplighter try`: capture once, without a system, and tell everything. */
import type { Command } from "commander";
import { parseDuration } from "#domain/duration.ts";
import type { DurationMs } from "#domain/units.ts";
import { contextOf, parsedBy, type Cli } from "../context.ts";

export interface TryOptions {
  readonly target?: string;
  readonly timeout?: DurationMs;
}

export function registerTry(program: Command, cli: Cli): void {
  program
    .command("try")
    .description("capture once, without a system: assertions, found and expected, phases")
    .argument("<url|file>", "a URL, or an endpoint file")
    .option("--target <key>", "of a file, only the target with this key or id")
    .option(
      "--timeout <span>",
      "instead of each target's own",
      parsedBy((text) => parseDuration(text, "--timeout")),
    )
    .addHelpText(
      "after",
      `
Secrets are taken from this command's environment (LAMPLIGHTER_SECRET_…) and never shown.
Exit status is 1 where a capture failed, 2 where the file is wrong.

Examples:
  lamplighter try https://example.com/health
  lamplighter try ./endpoints/web.yml
  lamplighter try ./endpoints/web.yml --target www.example.com/health
  lamplighter try https://example.com/ --json | jq .timings
`,
    )
    .action(async (subject: string, options: TryOptions, command: Command) => {
      const { tryOnce } = await import("./try/run.ts");
      cli.settle(await tryOnce(contextOf(cli, command), subject, options));
    });
}
