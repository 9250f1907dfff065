/**
 * A stream of bytes as lines, in bounded memory.
 *
 * In:    pieces of any size, the longest line           Out: for each piece the lines that end in it
 * Holds: at most `bytesMax` bytes of an unfinished line are kept; of a longer one none, and it is
 *        reported once. Lines are numbered from 1; a leading byte order mark is dropped.
 */

export type ByteLine =
  | { readonly kind: "line"; readonly number: number; readonly bytes: Uint8Array }
  | { readonly kind: "too-long"; readonly number: number };

const LF = 0x0a;
const BOM = [0xef, 0xbb, 0xbf] as const;

export async function* splitLines(
  stream: AsyncIterable<Uint8Array | string>,
  bytesMax: number,
): AsyncGenerator<readonly ByteLine[], void, undefined> {
  let number = 1;
  let kept: Uint8Array[] = [];
  let keptBytes = 0;

  /** @param copies for bytes that outlive their piece: a stream may use its buffer again. */
  function keep(bytes: Uint8Array, copies: boolean): void {
    keptBytes += bytes.length;
    if (keptBytes > bytesMax) kept = [];
    else if (bytes.length > 0) kept.push(copies ? new Uint8Array(bytes) : bytes);
  }

  function finish(): ByteLine {
    const line: ByteLine =
      keptBytes > bytesMax
        ? { kind: "too-long", number }
        : {
            kind: "line",
            number,
            bytes: trimmed(
              kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept),
              number,
            ),
          };
    number += 1;
    kept = [];
    keptBytes = 0;
    return line;
  }

  for await (const piece of stream) {
    const bytes = typeof piece === "string" ? Buffer.from(piece, "utf8") : piece;
    const lines: ByteLine[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      keep(bytes.subarray(start, end), false);
      lines.push(finish());
      start = end + 1;
    }
    keep(bytes.subarray(start), true);
    if (lines.length > 0) yield lines;
  }
  if (keptBytes > 0) yield [finish()];
}

function trimmed(bytes: Uint8Array, number: number): Uint8Array {
  const marked = number === 1 && BOM.every((byte, index) => bytes[index] === byte);
  return marked ? bytes.subarray(BOM.length) : bytes;
}
