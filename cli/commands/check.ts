/** `lamplighter check`: are these endpoint files right? */
import type { Command } from "commander";
import { contextOf, type Cli } from "../context.ts";

export function registerCheck(program: Command, cli: Cli): void {
  program
    .command("check")
    .description("validate a folder of endpoint files, one file, or a bulk file")
    .argument("<path>", "folder of .yml files, a .yml file, or a .jsonl file")
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, _options: unknown, command: Command) => {
      const { check } = await import("./check/run.ts");
      cli.settle(await check(contextOf(cli, command), path));
    });
}

const EXAMPLES = `
Exit status is 1 where something must be changed.

Examples:
  lamplighter check ./endpoints
  lamplighter check ./endpoints/web.yml
  lamplighter check targets.jsonl
  lamplighter check ./endpoints --json | jq -r .file
`;
