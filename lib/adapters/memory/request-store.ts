/**
 * Captures on request in memory, for tests and simulation.
 *
 * Holds: each call takes effect at once and whole, at the moment it is made.
 * Fails: never.
 */
import { normalise, slotsIn } from "#domain/range.ts";
import { mergeRequests, removal, type CaptureRequest } from "#domain/request.ts";
import type { RequestStore } from "#ports/request-store.ts";
import { frozen } from "./frozen.ts";

export function memoryRequestStore(): RequestStore {
  const requests = new Map<string, CaptureRequest>();
  return {
    put(request) {
      const key = `${request.pool}#${request.slot}`;
      requests.set(key, frozen(mergeRequests(requests.get(key), request)));
      return Promise.resolve();
    },

    list: (pool, ranges, slotsLog2) =>
      Promise.resolve(
        slotsIn(normalise(ranges), slotsLog2)
          .map((slot) => requests.get(`${pool}#${slot}`))
          .filter((request) => request !== undefined),
      ),

    remove(request) {
      const key = `${request.pool}#${request.slot}`;
      const result = removal(requests.get(key), request);
      if (result === "removed") requests.delete(key);
      return Promise.resolve(result);
    },
  };
}
