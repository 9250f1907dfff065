/** What is durable, and what of it the users were promised. */
import type { Kept, Line } from "./state.ts";

export const NOTHING_KEPT: Kept = { samples: [], missed: [], served: {} };

export function keepLines(kept: Kept, lines: readonly Line[]): Kept {
  if (lines.length === 0) return kept;
  const samples = new Set(kept.samples);
  const missed = new Set(kept.missed);
  const served = { ...kept.served };
  for (const line of lines) {
    switch (line.kind) {
      case "sample":
        samples.add(line.due);
        break;
      case "missed":
        missed.add(line.due);
        break;
      case "asked":
        served[line.id] = Math.max(served[line.id] ?? 0, line.asks);
    }
  }
  return { samples: [...samples].sort(), missed: [...missed].sort(), served };
}
