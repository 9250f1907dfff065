/** What happens in a local cloud, for the view, for a terminal's lines and for tests. */
import type { FunctionName } from "#functions/manifest.ts";
import type { AlarmChange } from "./alarms/board.ts";

export type InvocationOutcome = "succeeded" | "failed" | "timed-out" | "killed" | "stopped";

export type CloudEvent =
  | {
      readonly kind: "engine";
      readonly state: "started" | "adopted" | "died" | "failed" | "stopped";
      readonly message: string;
    }
  | {
      readonly kind: "invocation-started";
      readonly name: FunctionName;
      readonly requestId: string;
      readonly pid: number;
      /** 1 for the first delivery; a retry counts on. */
      readonly attempt: number;
    }
  | {
      readonly kind: "invocation-ended";
      readonly name: FunctionName;
      readonly requestId: string;
      readonly pid: number;
      readonly attempt: number;
      readonly outcome: InvocationOutcome;
      readonly durationMs: number;
      /** What went wrong, in words; undefined when nothing did. */
      readonly error?: string;
    }
  /** An asynchronous invocation was accepted and is not going to run. */
  | { readonly kind: "invocation-dropped"; readonly name: FunctionName; readonly why: string }
  | { readonly kind: "delivered-twice"; readonly name: FunctionName; readonly requestId: string }
  | {
      readonly kind: "process";
      readonly state: "started" | "frozen" | "thawed" | "ended";
      readonly name: FunctionName;
      readonly pid: number;
      readonly why: string;
    }
  | {
      readonly kind: "function-log";
      readonly name: FunctionName;
      readonly pid: number;
      readonly level: "debug" | "info" | "warn" | "error";
      /** Its event and its error, or the line as it is. */
      readonly text: string;
    }
  /** An alarm is in another state than before. */
  | ({ readonly kind: "alarm" } & AlarmChange)
  /** Something about the endpoints or the samples that a person may want to know. */
  | {
      readonly kind: "note";
      readonly level: "info" | "warn" | "error";
      readonly text: string;
    };

export type CloudListener = (event: CloudEvent) => void;

/** Hands every event to every listener, in the order they came. */
export interface EventHub {
  emit: CloudListener;
  /** The returned function ends it. */
  listen(listener: CloudListener): () => void;
}

export function eventHub(): EventHub {
  const listeners = new Set<CloudListener>();
  return {
    emit(event) {
      for (const listener of listeners) listener(event);
    },
    listen(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
