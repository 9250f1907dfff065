/**
 * What Ctrl-C does to a command: stops its work in good order where it listens, ends it at once
 * where it doesn't; the second one always ends it at once.
 *
 * Holds: what was left to be undone at the end is undone, whichever way the process ends (but by
 *        kill -9).
 */

const STATUS_OF = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export interface Signals {
  /** Aborted by the first signal. */
  interrupted(): AbortSignal;
  /** Runs when the process ends; the returned function takes it back. Must not wait for anything. */
  atEnd(undo: () => void): () => void;
}

export function processSignals(): Signals {
  let work: AbortController | undefined;
  let listens = false;

  function listen(): void {
    if (listens) return;
    listens = true;
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(name, () => {
        if (work?.signal.aborted === false) work.abort();
        else process.exit(STATUS_OF[name]);
      });
    }
  }

  return {
    interrupted() {
      work ??= new AbortController();
      listen();
      return work.signal;
    },
    atEnd(undo) {
      listen();
      process.on("exit", undo);
      return () => process.off("exit", undo);
    },
  };
}
