/** What happens in the system, in the words that a person reads; undefined for what nobody needs. */
import { manifest } from "#functions/manifest.ts";
import type { CloudEvent } from "#local/events.ts";
import type { AlarmChange } from "#local/alarms/board.ts";
import type { FleetView } from "#local/view/collectors.ts";
import type { TargetChange } from "#local/view/model.ts";
import { formatSpan } from "../../output/moment.ts";

export interface Told {
  readonly level: "info" | "warn" | "error";
  readonly text: string;
}

export function tellEvent(event: CloudEvent): Told | undefined {
  switch (event.kind) {
    case "engine":
      return { level: engineLevel(event.state), text: event.message };
    case "invocation-ended":
      return tellEnd(event);
    case "invocation-dropped":
      return isOnlyEnd(event)
        ? undefined
        : { level: "warn", text: `an invocation of ${event.name} is dropped: ${event.why}` };
    case "alarm":
      return tellAlarm(event);
    case "delivered-twice":
      return { level: "info", text: `an invocation of ${event.name} is delivered twice` };
    case "note":
      return event;
    case "function-log":
      return event.level === "error" && !isOwnEnd(event.text)
        ? { level: "error", text: `${event.name}: ${event.text}` }
        : undefined;
    case "invocation-started":
    case "process":
      return undefined;
  }
}

type EndEvent = Extract<CloudEvent, { kind: "invocation-ended" }>;

function tellEnd({ name, outcome, error = "" }: EndEvent): Told | undefined {
  if (outcome === "succeeded" || outcome === "stopped") return undefined;
  return { level: outcome === "failed" ? "error" : "warn", text: `${name} ${outcome}: ${error}` };
}

type DropEvent = Extract<CloudEvent, { kind: "invocation-dropped" }>;

/** Where nothing is repeated, the end of the invocation has said all of it. */
function isOnlyEnd({ name, why }: DropEvent): boolean {
  return manifest[name].asyncRetriesMax === 0 && why.startsWith("failed ");
}

/** Every function logs that its invocation failed, and the end of that invocation says it again. */
function isOwnEnd(text: string): boolean {
  return text === "failed" || text.startsWith("failed: ");
}

/** Only what rings, and that it is over: data that is missing has an alarm of its own. */
function tellAlarm({ from, forMs, alarm }: AlarmChange): Told | undefined {
  const { id, value, reason, text } = alarm;
  if (value === "ALARM") {
    return { level: "error", text: `alarm ${id}: ${text.meaning} (${reason})` };
  }
  if (from !== "ALARM") return undefined;
  const end = value === "OK" ? "is over" : "has no data any more";
  return { level: "info", text: `alarm ${id} ${end} after ${formatSpan(forMs)}` };
}

function engineLevel(state: Extract<CloudEvent, { kind: "engine" }>["state"]): Told["level"] {
  if (state === "failed") return "error";
  return state === "died" ? "warn" : "info";
}

export function tellChange({ id, from, to, lastedMs, error }: TargetChange): Told {
  if (to === "down") {
    const after = from === "up" ? ` after ${formatSpan(lastedMs)} up` : "";
    return { level: "error", text: `${id} is down${after}: ${error ?? ""}` };
  }
  return { level: "info", text: `${id} is up again after ${formatSpan(lastedMs)}` };
}

/** Leases that changed hands between two looks. */
export function tellFleet(before: FleetView | undefined, now: FleetView): readonly Told[] {
  const told: Told[] = [];
  const known = new Map(before?.collectors.map((collector) => [collector.lease, collector]));
  for (const { lease, state, owner = "", slots } of now.collectors) {
    const last = known.get(lease);
    const name = owner.slice(0, 8);
    if (state === "running" && (last?.state !== "running" || last.owner !== owner)) {
      told.push({ level: "info", text: `collector ${name} has lease ${lease}, ${slots} slots` });
    } else if (last?.state === "running" && state === "idle") {
      told.push({ level: "info", text: `lease ${lease} was released` });
    } else if (last?.state === "running" && state !== "running") {
      told.push({ level: "warn", text: `lease ${lease} is ${state}: its collector is gone` });
    }
  }
  return told;
}
