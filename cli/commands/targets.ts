/** `lamplighter targets …`: what is captured. */
import type { Command } from "commander";
import { parseCadence, type Cadence } from "#domain/cadence.ts";
import { limits } from "#domain/limits.ts";
import { exitCodes } from "../exit-codes.ts";
import {
  contextOf,
  eachParsedBy,
  parseCount,
  parsedBy,
  parseTag,
  type Cli,
  type Tag,
} from "../context.ts";

export function registerTargets(program: Command, cli: Cli): void {
  const targets = program
    .command("targets")
    .description("register, change, remove and look at targets")
    .addHelpText("after", EXAMPLES);
  registerImport(targets, cli);
  registerAdd(targets, cli);
  registerRemove(targets, cli);
  registerList(targets, cli);
  registerShow(targets, cli);
  registerCapture(targets, cli);
}

const EXAMPLES = `
Examples:
  lamplighter targets import targets.jsonl
  lamplighter targets add https://example.com/health --every 30s --tag team=web
  lamplighter targets list --down
  lamplighter targets show example.com/health
`;

export interface ImportOptions {
  readonly prune: boolean;
  readonly atMost?: number;
  readonly tag?: readonly Tag[];
}

function registerImport(targets: Command, cli: Cli): void {
  targets
    .command("import")
    .description("register many targets, from endpoint files or from JSON Lines")
    .argument(
      "<path>",
      "a folder of .yml files, a .yml file, a .jsonl file, or - for standard input",
    )
    .option(
      "--prune",
      "of a folder: show targets that are in none of its files, or disabled",
      false,
    )
    .option(
      "--at-most <n>",
      "with --prune: remove them, unless they are more than n",
      parsedBy(parseCount(1, limits.prunedMax)),
    )
    .option(
      "--tag <name=value>",
      "with --prune: only those with this tag; all that are given",
      eachParsedBy(parseTag),
    )
    .addHelpText(
      "after",
      `
Endpoint files are read once, without watching. A file with a problem is named, its targets stay as
they were, and the health check counts it until an import refuses nothing. Nothing is ever
removed but by --prune with --at-most; then everything of the pool counts that is in none of the
files, also what was added by hand: --tag limits it.
A line of JSON Lines has the fields of an endpoint file and says what it captures by "url" or "endpoint":
  {"url":"https://example.com/health","cadence":"every 60s","tags":{"team":"web"}}
Bad lines are named and left out, the others load. It can be interrupted, and repeated as often as
you like: unchanged targets are left alone. Of two lines with one id the later counts.

Examples:
  lamplighter targets import ./endpoints --stack Lamplighter
  lamplighter targets import ./endpoints --prune --at-most 10 --tag team=web
  lamplighter targets import targets.jsonl
  generate-targets | lamplighter targets import -
`,
    )
    .action(async (path: string, options: ImportOptions, command: Command) => {
      const { importTargets } = await import("./targets/import.ts");
      cli.settle(await importTargets(contextOf(cli, command), path, options));
    });
}

export interface AddOptions {
  readonly id?: string;
  readonly name?: string;
  readonly every?: Cadence;
  readonly cron?: string;
  readonly policy?: string;
  readonly method?: string;
  readonly timeout?: string;
  readonly status?: readonly string[];
  readonly header?: readonly Tag[];
  readonly tag?: readonly Tag[];
  readonly insecure?: boolean;
}

function registerAdd(targets: Command, cli: Cli): void {
  targets
    .command("add")
    .description("register one target, or change it")
    .argument("<url>", "http:// or https://; #name tells two checks of one URL apart")
    .option("--id <id>", "name it by this (default: the URL without its scheme)")
    .option("--name <text>", "for people")
    .option("--every <span>", "capture this often, e.g. 30s", parsedBy(parseCadence))
    .option("--cron <fields>", 'five cron fields in UTC, e.g. "0 8 * * 1-5"')
    .option("--policy <name>", "alerting (every 10 min) or standard (every 50 min)")
    .option("--method <method>", "GET unless given")
    .option("--timeout <span>", "10s unless given")
    .option("--status <codes...>", "what it must answer, e.g. 200 204 300-399 (default: 200-299)")
    .option("--header <name=value>", "send a header; may be repeated", eachParsedBy(parseTag))
    .option("--tag <name=value>", "tag it; may be repeated", eachParsedBy(parseTag))
    .option("--insecure", "accept certificates that don't verify")
    .addHelpText(
      "after",
      `
Whatever else an endpoint can have (assertions, authentication) goes into an endpoint file or a
line of \`targets import\`.

Examples:
  lamplighter targets add https://example.com/health
  lamplighter targets add https://example.com/health --every 10s --status 200 --tag team=web
  lamplighter targets add http://127.0.0.1:8080/#local --cron "*/5 * * * *"
`,
    )
    .action(async (url: string, options: AddOptions, command: Command) => {
      const { addTarget } = await import("./targets/add.ts");
      cli.settle(await addTarget(contextOf(cli, command), url, options));
    });
}

function registerRemove(targets: Command, cli: Cli): void {
  targets
    .command("remove")
    .description("remove targets, for good")
    .argument("<id...>", "ids of targets")
    .addHelpText(
      "after",
      `
What an endpoint folder defines comes back when that folder is loaded again: delete it there.
Exit status is 1 where an id names no target.

Examples:
  lamplighter targets remove example.com/health
`,
    )
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const { removeByIds } = await import("./targets/remove.ts");
      cli.settle(await removeByIds(contextOf(cli, command), ids));
    });
}

export interface ListOptions {
  readonly tag?: readonly Tag[];
  readonly down: boolean;
  readonly limit?: number;
}

function registerList(targets: Command, cli: Cli): void {
  targets
    .command("list")
    .description("all targets, or some")
    .option(
      "--tag <name=value>",
      "only those with this tag; all that are given",
      eachParsedBy(parseTag),
    )
    .option("--down", "only those whose last capture failed", false)
    .option("--limit <n>", "at most so many", parsedBy(parseCount(1, 1e9)))
    .addHelpText(
      "after",
      `
In the order of slots, as they are read: any number of targets lists in little memory.

Examples:
  lamplighter targets list
  lamplighter targets list --tag team=web --down
  lamplighter targets list --json | jq -r .id | head
`,
    )
    .action(async (options: ListOptions, command: Command) => {
      const { listTargets } = await import("./targets/list.ts");
      cli.settle(await listTargets(contextOf(cli, command), options));
    });
}

function registerShow(targets: Command, cli: Cli): void {
  targets
    .command("show")
    .description("one target: what it is, when it is captured next, how it is")
    .argument("<id>", "id of a target")
    .addHelpText(
      "after",
      `
Examples:
  lamplighter targets show example.com/health
  lamplighter targets show example.com/health --json | jq .nextAt
`,
    )
    .action(async (id: string, _options: unknown, command: Command) => {
      const { showTarget } = await import("./targets/show.ts");
      const shown = await showTarget(contextOf(cli, command), id);
      cli.settle(shown === undefined ? exitCodes.negative : exitCodes.ok);
    });
}

export interface CaptureOptions {
  readonly all: boolean;
}

function registerCapture(targets: Command, cli: Cli): void {
  targets
    .command("capture")
    .description("capture targets now, whenever they are due")
    .argument("[id...]", "ids of targets")
    .option("--all", "every target of the pool", false)
    .addHelpText(
      "after",
      `
A running collector takes it up within two seconds; \`lamplighter samples ID\` shows the result.

Examples:
  lamplighter targets capture example.com/health
  lamplighter targets capture --all
`,
    )
    .action(async (ids: string[], options: CaptureOptions, command: Command) => {
      const { captureNow } = await import("./targets/capture.ts");
      cli.settle(await captureNow(contextOf(cli, command), ids, options));
    });
}
