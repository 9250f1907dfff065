/** What happened, line by line with a clock: for whoever looks on, and for the evidence. */
import { appendFileSync } from "node:fs";

export interface Story {
  tell(text: string): void;
}

export function story(file: string, out: (line: string) => void): Story {
  const startedAt = Date.now();
  return {
    tell(text) {
      const now = Date.now();
      const since = ((now - startedAt) / 1_000).toFixed(1).padStart(7);
      const line = `${new Date(now).toISOString().slice(11, 23)} ${since} s  ${text}`;
      out(line);
      appendFileSync(file, `${line}\n`);
    },
  };
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
