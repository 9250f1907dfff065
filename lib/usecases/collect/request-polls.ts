/**
 * When requests are looked after: every two seconds, beside the control steps, one turn at a time.
 *
 * Holds: a store that is slow with requests delays no heartbeat; a turn that fails is taken again.
 */
import { after, earliest, type EpochMs } from "#domain/units.ts";
import type { Requests } from "./requests.ts";
import type { CollectorState } from "./state.ts";

export interface RequestPolls {
  tend(now: EpochMs): void;
}

export function requestPolls(state: CollectorState, requests: Requests): RequestPolls {
  const everyMs = state.deps.settings.requestPollMs;
  let pollAt = state.deps.clock.now();
  let isPolling = false;

  async function poll(): Promise<void> {
    try {
      await requests.finish();
      await requests.poll();
    } catch (error) {
      state.deps.log.warn("requests could not be read; they are read again", { error });
    } finally {
      isPolling = false;
    }
  }

  return {
    tend(now) {
      pollAt = earliest(pollAt, after(now, everyMs));
      if (now < pollAt || isPolling) return;
      pollAt = after(now, everyMs);
      isPolling = true;
      void poll();
    },
  };
}
