/**
 * What a supervisor and a function's process tell each other.
 *
 * Holds: payloads travel as JSON text, as they do over the invoke API, so that nothing passes here
 *        that wouldn't pass there.
 */
import * as z from "zod";

const invokeSchema = z.strictObject({
  kind: z.literal("invoke"),
  requestId: z.string(),
  /** JSON text. */
  event: z.string(),
  /** When the supervisor kills: ms since the epoch. */
  deadlineAt: z.number(),
});

const stopSchema = z.strictObject({ kind: z.literal("stop") });

export const toRuntimeSchema = z.discriminatedUnion("kind", [invokeSchema, stopSchema]);
export type ToRuntime = z.infer<typeof toRuntimeSchema>;

/** What Lambda answers with when a function throws. */
export const functionErrorSchema = z.strictObject({
  errorType: z.string(),
  errorMessage: z.string(),
  trace: z.array(z.string()).optional(),
});
export type FunctionError = z.infer<typeof functionErrorSchema>;

export const fromRuntimeSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ready") }),
  z.strictObject({ kind: z.literal("init-failed"), error: functionErrorSchema }),
  z.strictObject({ kind: z.literal("result"), requestId: z.string(), payload: z.string() }),
  z.strictObject({ kind: z.literal("error"), requestId: z.string(), error: functionErrorSchema }),
]);
export type FromRuntime = z.infer<typeof fromRuntimeSchema>;
