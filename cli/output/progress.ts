/**
 * A progress bar on the terminal that errors go to, for what takes longer than a second.
 *
 * Holds: nothing is drawn where nobody looks (a file, a pipe), nor in the first second.
 */
import { SingleBar } from "cli-progress";
import type { CliIo } from "../io.ts";

const DRAWN_AFTER_MS = 1_000;

export interface ProgressBar {
  /** `done` of `total`; the note says it in words. */
  update(done: number, total: number, note: string): void;
  /** Removes the bar: what has happened is the command's to say. */
  stop(): void;
}

export function progressBar(io: CliIo, title: string, now: () => number): ProgressBar {
  if (!io.stderr.isTerminal) return { update: () => undefined, stop: () => undefined };
  const startedAt = now();
  let bar: SingleBar | undefined;
  let furthest = 0;
  return {
    update(done, total, note) {
      if (now() - startedAt < DRAWN_AFTER_MS) return;
      if (bar === undefined) {
        bar = new SingleBar({
          format: `${title} [{bar}] {percentage} %  {note}`,
          stream: io.progressStream,
          clearOnComplete: true,
          hideCursor: true,
          fps: 5,
        });
        bar.start(total, done, { note });
      }
      // Of a stream the total is an estimate: a bar that goes back only worries.
      furthest = Math.max(furthest, done / Math.max(1, total));
      bar.setTotal(total);
      bar.update(Math.round(furthest * total), { note });
    },
    stop() {
      bar?.stop();
    },
  };
}
