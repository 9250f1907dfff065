/**
 * The command line: every command with its options and its help, nothing of what they do.
 */
import { Command } from "commander";
import { registerAlarms } from "./commands/alarms.ts";
import { registerCheck } from "./commands/check.ts";
import { registerInvoke } from "./commands/invoke.ts";
import { registerLeases } from "./commands/leases.ts";
import { registerSamples } from "./commands/samples.ts";
import { registerStatus } from "./commands/status.ts";
import { registerTargets } from "./commands/targets.ts";
import { registerTry } from "./commands/try.ts";
import { registerUp } from "./commands/up.ts";
import { DATA_DEFAULT, parsedBy, type Cli } from "./context.ts";
import { exitCodesHelp } from "./exit-codes.ts";
import { parseStackName, STACK_KEY } from "./stack-choice.ts";
import { versionText } from "./version.ts";

export function buildProgram(cli: Cli): Command {
  const { io } = cli;
  const program = new Command("lamplighter")
    .description("Captures every registered target on time, once per round.")
    .version(versionText(), "--version", "which version this is")
    .option("--data <dir>", "folder of the local system", DATA_DEFAULT)
    .option(
      "--stack <name>",
      `a deployed stack instead (also ${STACK_KEY} in the environment)`,
      parsedBy((text) => parseStackName(text)),
    )
    .option("--pool <name>", "pool of targets and collectors (default: the one that runs)")
    .option("--json", "JSON for programs: one value, or one a line", false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stderr.columns ?? 80,
      getOutHasColors: () => io.stdout.isTerminal,
      getErrHasColors: () => io.stderr.isTerminal,
      outputError: (text, write) => write(io.stderr.style("red", text)),
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(--help shows what there is, with examples)")
    .addHelpText("after", PROGRAM_EXAMPLES + exitCodesHelp);
  program.commandsGroup("A local system:");
  registerUp(program, cli);
  program.commandsGroup("Endpoint files:");
  registerCheck(program, cli);
  registerTry(program, cli);
  program.commandsGroup("What it captures, and how it is:");
  registerStatus(program, cli);
  registerTargets(program, cli);
  registerSamples(program, cli);
  registerLeases(program, cli);
  registerAlarms(program, cli);
  registerInvoke(program, cli);
  return program;
}

const PROGRAM_EXAMPLES = `
Examples:
  lamplighter up --endpoints ./endpoints     start a local system on your endpoint files
  lamplighter check ./endpoints              are the files right?
  lamplighter try https://example.com/       capture once, without a system
  lamplighter status                         what is up, what is down, since when
`;
