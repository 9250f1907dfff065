/**
 * Did you mean: the known name that a misspelt one is closest to.
 *
 * In:    what was found, the names that are known       Out: one of the names, or undefined
 * Holds: case, hyphens and underscores don't count (`followRedirects` is `follow_redirects`);
 *        otherwise at most one slip in three characters, swapped neighbours counted as one.
 * Fails: never (pure).
 * Source: optimal string alignment distance (Damerau–Levenshtein, restricted).
 */

/** Longer texts are no misspelt names, and the distance costs the product of the lengths. */
const LENGTH_MAX = 60;

/** The closest of `known`; among equals the first. */
export function suggest(found: string, known: Iterable<string>): string | undefined {
  const plain = plainForm(found);
  if (plain === "" || plain.length > LENGTH_MAX) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(plain.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(plain, plainForm(name));
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** `did you mean success_test?`, or else the names there are. */
export function suggestion(found: string, known: readonly string[]): string {
  const name = suggest(found, known);
  return name === undefined ? `one of ${known.join(", ")}` : `a known name: did you mean ${name}?`;
}

function plainForm(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]/gu, "");
}

/** How many characters must be added, dropped, replaced or swapped with their neighbour. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
