/**
 * Logs of functions: `<data>/logs/<name>.log` and the one before it, each bounded in size.
 *
 * Holds: writes are in order and never wait; what can't be written is dropped (a full disk must not
 *        stop captures), and the count of dropped lines is told when it is written again.
 */
import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { localLimits } from "./local-limits.ts";

export interface LogFiles {
  write(name: string, line: string): void;
}

export function logFiles(folder: string): LogFiles {
  mkdirSync(folder, { recursive: true });
  const sizes = new Map<string, number>();
  let dropped = 0;

  function append(name: string, text: string): void {
    const path = join(folder, `${name}.log`);
    const size = sizes.get(name) ?? sizeOf(path);
    if (size + text.length > localLimits.logFileBytesMax && size > 0) {
      renameSync(path, join(folder, `${name}.1.log`));
      sizes.set(name, 0);
    }
    appendFileSync(path, text);
    sizes.set(name, (sizes.get(name) ?? size) + Buffer.byteLength(text));
  }

  return {
    write(name, line) {
      try {
        if (dropped > 0) append(name, `${dropped} lines could not be written\n`);
        append(name, `${line}\n`);
        dropped = 0;
      } catch {
        dropped += 1;
      }
    },
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
