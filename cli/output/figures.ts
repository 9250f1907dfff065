/** What a target's samples say about a day, for people and for programs. */
import type { EpochMs } from "#domain/units.ts";
import type { Figures } from "#usecases/status/figures.ts";
import { count } from "./count.ts";
import { formatDistance, formatLatency, formatMoment, formatPercent, isoText } from "./moment.ts";

/** `99.80 % up, p95 120 ms, 1440 captures, 2 failed` */
export function figuresText({ captures, failed, missed, uptime, p95Ms }: Figures): string {
  if (uptime === undefined) return missed === 0 ? "no captures" : `no captures, ${missed} missed`;
  const parts = [`${formatPercent(uptime)} up`];
  if (p95Ms !== undefined) parts.push(`p95 ${formatLatency(p95Ms)}`);
  parts.push(count(captures, "capture"));
  if (failed > 0) parts.push(`${failed} failed`);
  if (missed > 0) parts.push(`${missed} missed`);
  return parts.join(", ");
}

/** "" where nothing failed. */
export function lastFailureText({ lastFailure }: Figures, now: EpochMs): string {
  if (lastFailure === undefined) return "";
  const { at, code, message } = lastFailure;
  return `${formatMoment(at)} (${formatDistance(at, now)}) ${code}: ${message}`;
}

export function figuresJson(figures: Figures): Readonly<Record<string, unknown>> {
  const { captures, failed, missed, uptime, p95Ms, lastFailure } = figures;
  return {
    captures,
    failed,
    missed,
    ...(uptime !== undefined && { uptime }),
    ...(p95Ms !== undefined && { p95Ms }),
    ...(lastFailure !== undefined && {
      lastFailure: { ...lastFailure, at: isoText(lastFailure.at) },
    }),
  };
}
