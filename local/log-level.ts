/** How much a line of a function's log matters: its own `level`, when it is structured. */
import { z } from "zod";

const lineSchema = z.object({ level: z.string() });

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Lines that are not ours (a crash of the runtime, a warning of Node) count as `warn`. */
export function logLevelOf(line: string): LogLevel {
  if (!line.startsWith("{")) return line.trim() === "" ? "debug" : "warn";
  try {
    return named(lineSchema.parse(JSON.parse(line)).level.toLowerCase());
  } catch {
    return "info";
  }
}

function named(level: string): LogLevel {
  if (level === "debug" || level === "trace") return "debug";
  if (level === "warn" || level === "warning") return "warn";
  if (level === "error" || level === "fatal") return "error";
  return "info";
}
