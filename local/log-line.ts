/** A line of a function's log: how much it matters, and what it says in words. */
import * as z from "zod";

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

const lineSchema = z.object({
  level: z.string(),
  event: z.string().optional(),
  error: z.object({ message: z.string() }).optional(),
});

const TEXT_CHARS_MAX = 300;

/** Lines that are not ours (a crash of the runtime, a warning of Node) count as `warn`. */
export function readLogLine(line: string): LogLine {
  const structured = parsed(line);
  if (structured === undefined) {
    return { level: line.trim() === "" ? "debug" : "warn", text: line.slice(0, TEXT_CHARS_MAX) };
  }
  const { level, event, error } = structured;
  const words = [event, error?.message].filter((part) => part !== undefined).join(": ");
  return { level: named(level.toLowerCase()), text: (words || line).slice(0, TEXT_CHARS_MAX) };
}

function parsed(line: string): z.infer<typeof lineSchema> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function named(level: string): LogLevel {
  if (level === "debug" || level === "trace") return "debug";
  if (level === "warn" || level === "warning") return "warn";
  if (level === "error" || level === "fatal") return "error";
  return "info";
}
