/** A mutant's change to the text of its file. */
import type { Mutant } from "./catalogue/mutant.ts";

/** @throws Error when what is to be changed isn't there exactly once. */
export function mutate(mutant: Mutant, text: string): string {
  const pieces = text.split(mutant.find);
  if (pieces.length !== 2) {
    throw new Error(
      `mutant ${mutant.id}: ${mutant.file}: found ${pieces.length - 1} places with the text to change, expected 1`,
    );
  }
  return pieces.join(mutant.replace);
}
