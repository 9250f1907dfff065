/**
 * What the run says: each step as it begins and ends, and the sums in the last line.
 *
 *     --- bootstrap
 *         ok, 4.5 s
 */
export interface Report {
  say(text: string): void;
  /** Runs one step; what it returns is said beside its time. A failure is said, counted, not thrown. */
  step<Value>(name: string, work: () => Promise<StepEnd<Value>>): Promise<Value | undefined>;
  /** Of tests that a step ran. */
  count(passed: number, failed: number): void;
  failures(): number;
  /** The last line. */
  sums(): string;
}

export interface StepEnd<Value> {
  readonly value: Value;
  readonly said?: string;
}

/** Someone must act: its message says it all, a stack trace adds nothing. */
export class StepFailure extends Error {}

export function report(write: (text: string) => void, now: () => number): Report {
  let passed = 0;
  let failed = 0;
  const say = (text: string): void => write(`${text}\n`);
  return {
    say,
    async step(name, work) {
      say(`--- ${name}`);
      const startedAt = now();
      const spent = (): string => `${((now() - startedAt) / 1_000).toFixed(1)} s`;
      try {
        const { value, said } = await work();
        passed += 1;
        say(indented(`ok, ${spent()}${said === undefined ? "" : `: ${said}`}`));
        return value;
      } catch (error) {
        failed += 1;
        say(indented(`FAILED after ${spent()}: ${text(error)}`));
        return undefined;
      }
    },
    count(more, fewer) {
      passed += more;
      failed += fewer;
    },
    failures: () => failed,
    sums: () => `${passed} passed, ${failed} failed`,
  };
}

function text(error: unknown): string {
  if (error instanceof StepFailure) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function indented(lines: string): string {
  return lines.replaceAll(/^/gmu, "    ");
}
