/** `lamplighter invoke`: one function, once, by hand. */
import { Argument, type Command } from "commander";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { contextOf, type Cli } from "../context.ts";

export interface InvokeOptions {
  readonly event?: string;
  readonly async: boolean;
}

export function registerInvoke(program: Command, cli: Cli): void {
  program
    .command("invoke")
    .description("invoke a function once, by hand")
    .addArgument(new Argument("<function>", "which").choices(Object.keys(manifest)))
    .option(
      "--event <file>",
      "a file with the event as JSON, or - for standard input (default: {})",
    )
    .option("--async", "hand it over and don't wait for its answer", false)
    .addHelpText(
      "after",
      `
It goes through the running system's Invoke API, which speaks as AWS Lambda's does. Where no
system runs, one is started for this invocation, without schedules.
Exit status is 1 where the function fails.

Examples:
  lamplighter invoke health-check
  lamplighter invoke rebalance --async
  echo '{"pool":"default","lease":"0001"}' | lamplighter invoke collect --event -
`,
    )
    .action(async (name: FunctionName, options: InvokeOptions, command: Command) => {
      const { invoke } = await import("./invoke/run.ts");
      cli.settle(await invoke(contextOf(cli, command), name, options));
    });
}
