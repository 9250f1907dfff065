/**
 * Watches what a process holds for itself, and says when it is more than its function may have.
 *
 * V8's own limit covers the heap only; buffers are counted here. Pages of files (Node's binary) are
 * left out: all processes share them. On Linux only; elsewhere the heap's limit is all there is.
 */
import { readFile } from "node:fs/promises";
import { localLimits } from "./local-limits.ts";

const ANONYMOUS = /^RssAnon:\s+(\d+) kB$/mu;

/** Calls `onExceeded` once with the MB in use; the returned function ends the watch. */
export function watchMemory(
  pid: number,
  limitMb: number,
  onExceeded: (usedMb: number) => void,
): () => void {
  if (process.platform !== "linux" || pid === 0) return () => undefined;
  let isDone = false;
  const timer = setInterval(() => {
    void ownMb(pid).then((usedMb) => {
      if (isDone || usedMb === undefined || usedMb <= limitMb) return;
      isDone = true;
      onExceeded(usedMb);
    });
  }, localLimits.memoryCheckEveryMs);
  return () => {
    isDone = true;
    clearInterval(timer);
  };
}

async function ownMb(pid: number): Promise<number | undefined> {
  try {
    const kilobytes = ANONYMOUS.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
}
