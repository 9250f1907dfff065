/** Ordinary `http` targets on the captured side. */
import type { Cadence } from "#domain/cadence.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { durationMs } from "#domain/units.ts";

export function httpTarget(
  id: string,
  url: string,
  cadence: Cadence,
  timeoutMs = 10_000,
): TargetDefinition {
  return {
    id,
    probe: {
      kind: "http",
      url,
      method: "GET",
      headers: {},
      timeoutMs: durationMs(timeoutMs),
      redirectsMax: 5,
      insecure: false,
      keep: [],
      assertions: [{ kind: "status", allowed: [[200, 299]] }],
    },
    cadence,
    tags: {},
  };
}
