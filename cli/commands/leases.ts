/** `lamplighter leases`: who captures what. */
import type { Command } from "commander";
import { InvalidInputError } from "#domain/errors.ts";
import { leaseId, type LeaseId } from "#domain/lease.ts";
import { contextOf, parsedBy, type Cli } from "../context.ts";

export function registerLeases(program: Command, cli: Cli): void {
  const leases = program
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
  lamplighter leases lift 0007
`,
    )
    .action(async (_options: unknown, command: Command) => {
      const { showLeases } = await import("./leases/run.ts");
      cli.settle(await showLeases(contextOf(cli, command)));
    });
  registerLift(leases, cli);
}

function registerLift(leases: Command, cli: Cli): void {
  leases
    .command("lift")
    .description("lift the quarantine of a lease: collectors are started for it again")
    .argument("<lease>", "its number, as `lamplighter leases` shows it", parsedBy(parseLease))
    .addHelpText(
      "after",
      `
A lease whose slots ended three collectors is quarantined for a quarter of an hour, then one
collector tries it again. Once you have found and removed what killed them (a target, as a rule),
this saves the wait. If it kills again, it is quarantined again.
Exit status is 1 where the lease isn't quarantined.

Examples:
  lamplighter leases lift 0007
  lamplighter leases lift 0007 --stack Lamplighter
`,
    )
    .action(async (id: LeaseId, _options: unknown, command: Command) => {
      const { liftLease } = await import("./leases/lift.ts");
      cli.settle(await liftLease(contextOf(cli, command), id));
    });
}

/** @throws InvalidInputError unless it is a lease's number, with or without its zeros. */
function parseLease(text: string): LeaseId {
  if (/^\d{1,9}$/u.test(text) && Number(text) > 0) return leaseId(Number(text));
  throw new InvalidInputError({
    where: "<lease>",
    found: JSON.stringify(text),
    expected: "a lease's number such as 0007",
  });
}
