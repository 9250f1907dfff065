/** The table of mutants, and its last line. */
import type { Judged } from "./verdict.ts";

const WHY_WIDTH = 72;

export function row({ mutant, area, verdict, seconds }: Judged): string {
  const { id, file, why, expected } = mutant;
  const head = `${verdict.kind.padEnd(10)} ${area}/${id}  (${file}, ${seconds.toFixed(0)} s)`;
  return [head, ...wrapped(why), ...outcome(verdict, expected.steps)].join("\n");
}

function outcome(verdict: Judged["verdict"], expectedSteps: number | undefined): string[] {
  switch (verdict.kind) {
    case "killed": {
      const { where, what, steps } = verdict.how;
      const expected = expectedSteps === undefined ? "" : `, expected about ${expectedSteps}`;
      const length = steps === undefined ? "" : ` after ${steps} steps${expected}`;
      return wrapped(`${verdict.by}, ${where}${length}: ${what}`, "  > ");
    }
    case "equivalent":
      return wrapped(`equivalent: ${verdict.proof}`, "  = ");
    case "survived":
      return wrapped(`SURVIVED: ${verdict.why}`, "  ! ");
  }
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
