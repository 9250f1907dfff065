/** A target's state, for people and for programs. */
import type { EpochMs } from "#domain/units.ts";
import type { TargetState, TargetStatus } from "#usecases/status.ts";
import { formatLatency, formatMoment, formatSpan, isoText } from "./moment.ts";
import type { Cell } from "./table.ts";

export function stateCell(state: TargetState): Cell {
  switch (state.kind) {
    case "waiting":
      return { text: "waiting", style: "yellow" };
    case "up":
      return { text: "up", style: "green" };
    case "down":
      return { text: "down", style: "red" };
  }
}

/** How long it has been so: `3d 4h`. */
export function sinceText(state: TargetState, now: EpochMs): string {
  return state.kind === "waiting" ? "-" : formatSpan(now - state.since);
}

export function lastText(state: TargetState): string {
  switch (state.kind) {
    case "waiting":
      return "-";
    case "up":
      return formatLatency(state.durationMs);
    case "down":
      return state.failure;
  }
}

/** `down for 3m 5s: connect` */
export function stateText(state: TargetState, now: EpochMs): string {
  switch (state.kind) {
    case "waiting":
      return "waiting for its first capture";
    case "up":
      return `up for ${sinceText(state, now)}, since ${formatMoment(state.since)}`;
    case "down":
      return `down for ${sinceText(state, now)}, since ${formatMoment(state.since)}: ${state.failure}`;
  }
}

/** What programs get of a target: what was registered, and its state. */
export function statusJson({
  target,
  slot,
  state,
}: TargetStatus): Readonly<Record<string, unknown>> {
  const { registeredAt, ...registered } = target;
  return {
    ...registered,
    registeredAt: isoText(registeredAt),
    slot,
    state: state.kind,
    ...(state.kind !== "waiting" && { since: isoText(state.since), durationMs: state.durationMs }),
    ...(state.kind === "down" && { failure: state.failure }),
  };
}

export function tagsText(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
