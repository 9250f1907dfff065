/** `lamplighter invoke`: one function, once, by hand. */
import { Argument, type Command } from "commander";
import { InvalidInputError, InvariantError } from "#domain/errors.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { contextOf, parsedBy, type Cli } from "../context.ts";

/** A function by its own name, or by that of the deployed template. */
const NAMES: ReadonlyMap<string, FunctionName> = new Map(
  Object.values(manifest).flatMap(({ name, logicalId }) => [
    [name, name],
    [logicalId, name],
  ]),
);

export interface InvokeOptions {
  readonly event?: string;
  readonly endpoint?: string;
  readonly async: boolean;
}

export function registerInvoke(program: Command, cli: Cli): void {
  program
    .command("invoke")
    .description("invoke a function once, by hand")
    .addArgument(new Argument("<function>", "which").choices([...NAMES.keys()]))
    .option(
      "--event <file>",
      "a file with the event as JSON, or - for standard input (default: {})",
    )
    .option("--async", "hand it over and don't wait for its answer", false)
    .option(
      "--endpoint <url>",
      "whoever speaks as Lambda's Invoke API, e.g. `sam local start-lambda`",
      parsedBy(parseEndpoint),
    )
    .addHelpText(
      "after",
      `
It goes to Lambda with --stack, to --endpoint where that is given, else through the running system's
Invoke API, which speaks as Lambda's does. Where no system runs, one is started for this
invocation, without schedules, and its answer is waited for in any case. Rebalance, Collect and
HealthCheck are the template's names.
Exit status is 1 where the function fails.

Examples:
  lamplighter invoke health-check
  lamplighter invoke rebalance --async
  lamplighter invoke HealthCheck --stack Lamplighter
  lamplighter invoke Collect --endpoint http://127.0.0.1:3001 --event examples/events/collect.json
  echo '{"pool":"default","lease":"0001"}' | lamplighter invoke collect --event -
`,
    )
    .action(async (word: string, options: InvokeOptions, command: Command) => {
      const { invoke } = await import("./invoke/run.ts");
      const name = NAMES.get(word);
      if (name === undefined) throw new InvariantError(`${word} was not refused as a function`);
      cli.settle(await invoke(contextOf(cli, command), name, options));
    });
}

/** @throws InvalidInputError unless it is an http URL. */
function parseEndpoint(text: string): string {
  const protocol = URL.parse(text)?.protocol;
  if (protocol === "http:" || protocol === "https:") return text;
  throw new InvalidInputError({
    where: "--endpoint",
    found: JSON.stringify(text),
    expected: "an http or https URL such as http://127.0.0.1:3001",
  });
}
