/** The table of faults as text: one paragraph a fault, so that long findings stay readable. */
import type { Finding, Row } from "./row.ts";

export interface Outcome {
  readonly row: Row;
  readonly how: "simulated" | "real";
  readonly finding: Finding;
  readonly seconds: number;
}

export function printTable(outcomes: readonly Outcome[]): string {
  const faults = [...new Set(outcomes.map(({ row }) => row))].map((row) => {
    const mine = outcomes.filter((outcome) => outcome.row === row);
    return [
      row.fault,
      `  must      ${row.goal}`,
      ...mine.flatMap(({ how, finding, seconds }) => [
        `  ${how.padEnd(9)} ${finding.holds ? "holds" : "DOES NOT HOLD"}: ${finding.found} (${seconds.toFixed(0)} s)`,
        ...finding.notes.map((note) => `            ${note}`),
      ]),
      ...(row.real === undefined && row.noReal !== undefined ? [`  real      none: ${row.noReal}`] : []), // prettier-ignore
    ].join("\n");
  });
  const held = outcomes.filter(({ finding }) => finding.holds).length;
  return [...faults, `${held} of ${outcomes.length} hold`].join("\n\n");
}
