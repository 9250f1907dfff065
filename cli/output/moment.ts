/** Moments and spans for people: UTC, and no more digits than anyone reads. */
import type { EpochMs } from "#domain/units.ts";

/** `2026-11-21 12:00:03Z` */
export function formatMoment(moment: EpochMs): string {
  return `${isoText(moment).slice(0, 19).replace("T", " ")}Z`;
}

/** `2026-11-21T12:00:03.250Z`, for programs. */
export function isoText(moment: EpochMs): string {
  return new Date(Math.floor(moment)).toISOString();
}

const STEPS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** The two largest units: `3d 4h`, `12m 5s`, `0s`. */
export function formatSpan(span: number): string {
  let rest = Math.max(0, Math.floor(span / 1_000)) * 1_000;
  const parts: string[] = [];
  for (const [unit, size] of STEPS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? "0s" : parts.join(" ");
}

/** `in 5s`, `3m ago`, `now`. */
export function formatDistance(moment: EpochMs, now: EpochMs): string {
  const span = moment - now;
  if (Math.abs(span) < 1_000) return "now";
  return span > 0 ? `in ${formatSpan(span)}` : `${formatSpan(-span)} ago`;
}

/** `0.4 ms`, `12 ms`, `1.3 s`: three digits at most. */
export function formatLatency(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1_000).toFixed(0)} s`;
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms >= 10 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`;
}

export function formatPercent(ratio: number): string {
  const percent = ratio * 100;
  // 99.996 % must not be shown as 100 %: something failed.
  if (percent > 99.99 && percent < 100) return "99.99 %";
  return `${percent === 100 ? "100" : percent.toFixed(2)} %`;
}
