/** The table of mutants, and its last line. */
import type { Judged } from "./verdict.ts";

const WIDTHS = { verdict: 11, name: 52, where: 38, steps: 22 } as const;
const WHY_WIDTH = 90;

export function header(): string {
  return columns("", "mutant", "killed by", "steps", "time");
}

export function row({ mutant, area, verdict, seconds }: Judged): string {
  const name = `${area}/${mutant.id}`;
  const took = `${seconds.toFixed(0)} s`;
  switch (verdict.kind) {
    case "killed": {
      const { where, what, steps } = verdict.how;
      const length = steps === undefined ? "" : lengthOf(steps, mutant.expected.steps);
      const line = columns("killed", name, `${verdict.by}: ${where}`, length, took);
      return [line, ...wrapped(what, "  > ")].join("\n");
    }
    case "equivalent":
      return [
        columns("equivalent", name, "", "", took),
        ...wrapped(mutant.why),
        ...wrapped(verdict.proof, "  = "),
      ].join("\n");
    case "survived":
      return [
        columns("SURVIVED", name, "", "", took),
        ...wrapped(`${mutant.file}: ${mutant.why}`),
        ...wrapped(verdict.why, "  ! "),
      ].join("\n");
  }
}

function columns(
  verdict: string,
  name: string,
  where: string,
  steps: string,
  seconds: string,
): string {
  const { verdict: first, name: second, where: third, steps: fourth } = WIDTHS;
  return [verdict.padEnd(first), name.padEnd(second), where.padEnd(third), steps.padEnd(fourth), seconds]
    .join(" ")
    .trimEnd(); // prettier-ignore
}

function lengthOf(steps: number, expected: number | undefined): string {
  return expected === undefined || expected === steps
    ? String(steps)
    : `${steps} (about ${expected})`;
}

function wrapped(text: string, indent = "    "): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/u)) {
    if (line !== "" && line.length + word.length + 1 > WHY_WIDTH) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, indent + line];
}

export function count(judged: readonly Judged[], kind: Judged["verdict"]["kind"]): number {
  return judged.filter(({ verdict }) => verdict.kind === kind).length;
}

export function lastLine(judged: readonly Judged[]): string {
  return `${judged.length} mutants: ${count(judged, "killed")} killed, ${count(judged, "equivalent")} equivalent, ${count(judged, "survived")} survived`;
}
