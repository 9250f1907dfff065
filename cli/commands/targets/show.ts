/** One target in full. */
import { compileAssertion } from "#domain/assertion.ts";
import { describeCadence } from "#domain/cadence.ts";
import { formatDuration } from "#domain/duration.ts";
import type { SecretText } from "#domain/http-settings.ts";
import { effectiveTimeoutMs } from "#domain/instant.ts";
import type { Target } from "#domain/target.ts";
import { after, type DurationMs, type EpochMs } from "#domain/units.ts";
import { findStatus, type TargetStatus } from "#usecases/status.ts";
import { figuresOf, type Figures } from "#usecases/status/figures.ts";
import { nextInstant } from "#usecases/status/next-instant.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { Context } from "../../context.ts";
import { recordsInTime, warnOfBroken } from "../../input/records.ts";
import { pad, printable } from "../../output/display.ts";
import { figuresJson, figuresText, lastFailureText } from "../../output/figures.ts";
import { formatDistance, formatMoment, isoText } from "../../output/moment.ts";
import { stateText, statusJson, tagsText } from "../../output/target-state.ts";

const DAY_MS = 86_400_000;
/** A person waits for this; what isn't read by then is left out, and said so. */
const FIGURES_WITHIN_MS = 10_000;

const NO_TIME = "more than can be read while you wait: see `lamplighter samples`";

export interface Shown {
  readonly status: TargetStatus;
  /** undefined where there was no time to read them. */
  readonly figures?: Figures;
  readonly nextAt?: EpochMs;
  /** What a capture may take, where that is less than was asked for. */
  readonly shortenedMs?: DurationMs;
}

/** Prints it; undefined when no target has the id. */
export async function showTarget(context: Context, id: string): Promise<Shown | undefined> {
  const shown = await findShown(context, id);
  if (shown === undefined) await context.warn(`no target has the id ${printable(id)}`);
  else if (context.options.json) await context.json(shownJson(shown));
  else for (const line of shownLines(shown, context)) await context.say(line);
  return shown;
}

function findShown(context: Context, id: string): Promise<Shown | undefined> {
  return withSystem(context, "read", async (system) => {
    const { clock, slotsLog2 } = system;
    const status = await findStatus(system.schedules, system, id);
    if (status === undefined) return undefined;
    const { target } = status;
    const [now, startedAt] = [clock.now(), context.now()];
    const isLate = (): boolean => context.now() - startedAt > FIGURES_WITHIN_MS;
    const query = { id, target, since: after(now, -DAY_MS) };
    const read = await recordsInTime(system, query, isLate);
    if (read !== undefined) await warnOfBroken(context, read);
    const nextAt = nextInstant(target, slotsLog2, now);
    const shortenedMs = shortened(target, slotsLog2);
    return {
      status,
      ...(read !== undefined && { figures: figuresOf(read.records) }),
      ...(nextAt !== undefined && { nextAt }),
      ...(shortenedMs !== undefined && { shortenedMs }),
    };
  });
}

function shortened({ probe, cadence }: Target, slotsLog2: number): DurationMs | undefined {
  if (probe.kind !== "http") return undefined;
  const effective = effectiveTimeoutMs(cadence, slotsLog2, probe.timeoutMs);
  return effective < probe.timeoutMs ? effective : undefined;
}

function shownJson({ status, figures, nextAt, shortenedMs }: Shown): unknown {
  return {
    ...statusJson(status),
    ...(nextAt !== undefined && { nextAt: isoText(nextAt) }),
    ...(shortenedMs !== undefined && { effectiveTimeoutMs: shortenedMs }),
    ...(figures !== undefined && { day: figuresJson(figures) }),
  };
}

function shownLines(shown: Shown, context: Context): readonly string[] {
  const { status, figures, nextAt } = shown;
  const { target, slot, state } = status;
  const now = context.now();
  const next = nextAt === undefined ? "never again" : `${formatMoment(nextAt)} (${formatDistance(nextAt, now)})`; // prettier-ignore
  const policy = target.policy === undefined ? "" : ` (${target.policy})`;
  const rows: (readonly [string, string])[] = [
    ["state", stateText(state, now)],
    ["last 24 h", figures === undefined ? NO_TIME : figuresText(figures)],
    ["last error", figures === undefined ? "" : lastFailureText(figures, now)],
    ["next", next],
    ["cadence", `${describeCadence(target.cadence)}${policy}`],
    ...probeRows(target, shown.shortenedMs),
    ["tags", tagsText(target.tags)],
    ["slot", String(slot)],
    ["registered", formatMoment(target.registeredAt)],
  ];
  const name = target.name === undefined ? "" : `  ${target.name}`;
  const title = context.io.stdout.style("bold", printable(target.id)) + printable(name);
  const said = rows.filter(([, text]) => text !== "");
  return [title, ...said.map(([label, text]) => `  ${pad(label, 12, "left")}${printable(text)}`)];
}

type Rows = readonly (readonly [string, string])[];

function probeRows({ probe }: Target, shortenedMs: DurationMs | undefined): Rows {
  if (probe.kind !== "http") return [["probe", probe.kind]];
  const asked = formatDuration(probe.timeoutMs);
  const timeout =
    shortenedMs === undefined
      ? asked
      : `${formatDuration(shortenedMs)}, not ${asked}: rounds must not overlap`;
  const headers = Object.entries(probe.headers).map(([name, value]) => `${name}: ${shownSecret(value)}`); // prettier-ignore
  return [
    ["captures", `${probe.method} ${probe.url}`],
    ["headers", headers.join(", ")],
    ["time-out", timeout],
    ["assertions", probe.assertions.map((one) => compileAssertion(one).expected).join("; ")],
    ["keeps", probe.keep.join(", ")],
  ];
}

function shownSecret(value: SecretText): string {
  return typeof value === "string" ? value : value.$ref;
}
