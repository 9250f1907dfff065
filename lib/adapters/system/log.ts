/**
 * Structured logs: one JSON line per event on stderr.
 *
 * Holds: a line is `{"at":…,"level":…,"event":…,…fields}`; logging never throws, whatever it is given.
 */
import type { Clock } from "#ports/clock.ts";
import type { Log, LogFields } from "#ports/log.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LogOptions {
  readonly clock: Clock;
  /** Least level that is written. */
  readonly level?: LogLevel;
  /** In every line: function, request id, lease. */
  readonly context?: LogFields;
  readonly write?: (line: string) => void;
}

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export function jsonLog(options: LogOptions): Log {
  const { clock, level: least = "info", context = {} } = options;
  const write = options.write ?? ((line) => void process.stderr.write(line));

  function log(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (ORDER.indexOf(level) < ORDER.indexOf(least)) return;
    const at = new Date(clock.now()).toISOString();
    write(`${toJson({ at, level, event, ...context, ...fields })}\n`);
  }

  return {
    debug: (event, fields) => {
      log("debug", event, fields);
    },
    info: (event, fields) => {
      log("info", event, fields);
    },
    warn: (event, fields) => {
      log("warn", event, fields);
    },
    error: (event, fields) => {
      log("error", event, fields);
    },
  };
}

function toJson(line: LogFields): string {
  try {
    return JSON.stringify(line, plain);
  } catch (error) {
    // A cycle or a throwing getter: the event itself must not be lost.
    const { at, level, event } = line;
    return JSON.stringify({ at, level, event, unprintable: String(error) });
  }
}

/** What JSON has no form for. */
function plain(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return { name, message, stack, ...(cause !== undefined && { cause }) };
}
