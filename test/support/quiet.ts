/** Ports that tests need and don't look at, or look at afterwards. */
import type { Log, LogFields } from "#ports/log.ts";
import type { Steps } from "#ports/steps.ts";

export interface KeptLog extends Log {
  readonly lines: readonly {
    readonly level: string;
    readonly event: string;
    readonly fields: LogFields;
  }[];
}

export function keptLog(): KeptLog {
  const lines: { level: string; event: string; fields: LogFields }[] = [];
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}): void => {
      lines.push({ level, event, fields });
    };
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export const noSteps: Steps = { measure: (_step, work) => work(), durationsMs: () => ({}) };
