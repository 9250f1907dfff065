/**
 * Runs the table of faults that must end well, and prints it; exit code 1 when a row doesn't hold.
 *
 *     npm run check:faults [-- --only collector-dies,zombie] [-- --quick] [-- --simulated] [-- --real]
 */
import { parseArgs } from "node:util";
import { printTable, type Outcome } from "./table.ts";
import { rows } from "./rows.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    simulated: { type: "boolean", default: false },
    real: { type: "boolean", default: false },
  },
});
const only = values.only?.split(",");
const chosen = rows.filter(({ id }) => only === undefined || only.includes(id));
const unknown = (only ?? []).filter((id) => !rows.some((row) => row.id === id));
if (unknown.length > 0) {
  process.stderr.write(`--only: ${unknown.join(", ")}: expected some of ${rows.map(({ id }) => id).join(", ")}\n`); // prettier-ignore
  process.exit(2);
}
const effort = values.quick ? "quick" : "full";
const both = values.simulated === values.real;
const outcomes: Outcome[] = [];
for (const row of chosen) {
  for (const how of ["simulated", "real"] as const) {
    const trial = row[how];
    if (trial === undefined || !(both || values[how])) continue;
    const startedAt = performance.now();
    const finding = await trial(effort).catch((error: unknown) => ({
      found: "it could not be run to its end",
      holds: false,
      notes: [`✗ ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`],
    }));
    const seconds = (performance.now() - startedAt) / 1_000;
    outcomes.push({ row, how, finding, seconds });
    process.stderr.write(`${row.id}, ${how}: ${finding.holds ? "holds" : "DOES NOT HOLD"} (${seconds.toFixed(0)} s)\n`); // prettier-ignore
  }
}
process.stdout.write(`${printTable(outcomes)}\n`);
process.exitCode = outcomes.every(({ finding }) => finding.holds) && outcomes.length > 0 ? 0 : 1;
