/**
 * What a run knows of those before.
 *
 * Holds: a record that makes no sense, or can't be written, costs what it would have told, never the
 *        metrics.
 * Fails: DependencyError when it can't be asked for, as with all else that the run has to read: what
 *        was learnt would be lost if this minute's state were written over it.
 */
import { DependencyError } from "#domain/errors.ts";
import type { HealthState } from "#ports/health-memory.ts";
import type { HealthCheckDeps } from "./settings.ts";

type Deps = Pick<HealthCheckDeps, "health" | "log">;

export async function recall(
  { health, log }: Deps,
  pool: string,
): Promise<HealthState | undefined> {
  const found = await health.find(pool);
  if (found !== "unreadable") return found;
  log.warn("the health check's memory can't be read; what is normal is learnt anew", { pool });
  return undefined;
}

export async function remember({ health, log }: Deps, state: HealthState): Promise<void> {
  try {
    await health.put(state);
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error;
    log.warn("the health check's memory can't be written; this minute isn't learnt", {
      pool: state.pool,
      error,
    });
  }
}
