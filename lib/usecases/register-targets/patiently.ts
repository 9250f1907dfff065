/**
 * Repeats a step that the store could not do just now.
 *
 * The SDK's own attempts end within seconds; an import runs for minutes, and must not be lost
 * because the store was busy for a moment, with the import itself for example.
 *
 * Holds: only for steps that may be repeated; at most `limits.registrationAttemptsMax` attempts.
 * Fails: as the step does: at once with what isn't retryable, else with the last failure.
 */
import { DependencyError } from "#domain/errors.ts";
import { limits } from "#domain/limits.ts";
import { sleep, type Clock } from "#ports/clock.ts";

const BACKOFF_FIRST_MS = 200;

export async function patiently<T>(clock: Clock, step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      const mayPass = error instanceof DependencyError && error.retryable;
      if (!mayPass || attempt >= limits.registrationAttemptsMax) throw error;
      await sleep(clock, Math.min(limits.storeBackoffMaxMs, BACKOFF_FIRST_MS * 2 ** attempt));
    }
  }
}
