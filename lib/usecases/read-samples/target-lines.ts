/**
 * The lines of a chunk's part that may concern one target, found without parsing the others.
 *
 * Holds: every sample of the target and every missed record is among them; a line is yielded once.
 * Source: `samplePrefix` and `missedLine` in #domain/chunk-lines.ts write how lines begin.
 */

const MISSED = '{"k":"missed",';

/** How every line of the target's samples begins. */
export function lineStart(target: string): string {
  return `{"t":${JSON.stringify(target)},`;
}

export function* targetLines(lines: string, start: string): Generator<string> {
  yield* linesThatBegin(lines, start);
  yield* linesThatBegin(lines, MISSED);
}

function* linesThatBegin(lines: string, start: string): Generator<string> {
  for (let at = lines.indexOf(start); at !== -1; at = lines.indexOf(start, at)) {
    const end = endOf(lines, at);
    // The same characters may stand inside a line, in a value that is an object's text.
    if (at === 0 || lines.charCodeAt(at - 1) === LINE_FEED) yield lines.slice(at, end);
    at = end;
  }
}

const LINE_FEED = 10;

function endOf(lines: string, from: number): number {
  const end = lines.indexOf("\n", from);
  return end === -1 ? lines.length : end;
}
