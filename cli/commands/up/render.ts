/**
 * The live view as text: targets first, then how the fleet keeps up, then who captures what.
 *
 * In:    ViewState, the terminal's size                   Out: lines, joined by line feeds
 * Holds: never more lines than the terminal has rows, never a line wider than it; what doesn't fit
 *        is counted. Pure: colours come from the style that is handed in.
 */
import type { EpochMs } from "#domain/units.ts";
import type { AlarmView } from "#local/alarms/board.ts";
import type { CollectorView, FleetView } from "#local/view/collectors.ts";
import { isSlow, type TargetCounts, type TargetRow } from "#local/view/model.ts";
import type { Style } from "../../io.ts";
import { displayWidth, pad, printable, shorten } from "../../output/display.ts";
import { formatLatency, formatSpan } from "../../output/moment.ts";
import { alarmTexts } from "./alarm-lines.ts";

export interface ViewState {
  readonly pool: string;
  readonly data: string;
  readonly now: EpochMs;
  readonly startedAt: EpochMs;
  readonly counts: TargetCounts;
  /** Those that are to be seen first come first. */
  readonly rows: readonly TargetRow[];
  readonly rate: { readonly captures: number; readonly failed: number };
  readonly fleet?: FleetView;
  readonly alarms: readonly AlarmView[];
  /** What a person should know, the newest last. */
  readonly notes: readonly { readonly level: "info" | "warn" | "error"; readonly text: string }[];
}

export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
}

export type Paint = (style: Style, text: string) => string;

interface Span {
  readonly text: string;
  readonly style?: Style;
}

type Line = readonly Span[];

const COLLECTORS_SHOWN_MAX = 8;
const NOTES_SHOWN_MAX = 4;
/** Head, blank, titles, blank, counts, fleet. */
const FRAME_LINES = 6;
const HINT = "Ctrl-C stops in order, twice at once";

export function renderView(state: ViewState, size: ViewSize, paint: Paint): string {
  const collectors = collectorLines(state, size);
  const alarms = alarmTexts(state.alarms, state.now).map((line): Line => [line]);
  const notes = state.notes.slice(-NOTES_SHOWN_MAX).map(noteLine);
  const below = alarms.length + collectors.length + (notes.length === 0 ? 0 : notes.length + 1);
  const room = Math.max(1, size.rows - FRAME_LINES - below);
  const lines = [
    headLine(state, size.columns),
    [],
    ...targetLines(state, room, size.columns),
    [],
    countsLine(state),
    [{ text: fleetText(state) }],
    ...alarms,
    ...collectors,
    ...(notes.length === 0 ? [] : [[], ...notes]),
  ];
  return lines
    .slice(0, size.rows)
    .map((line) => painted(line, size.columns, paint))
    .join("\n");
}

function headLine({ pool, now, startedAt, data }: ViewState, columns: number): Line {
  const left = `lamplighter  pool ${printable(pool)}, ${printable(data)}, for ${formatSpan(now - startedAt)}`;
  const space = columns - displayWidth(left) - HINT.length;
  if (space < 2) return [{ text: left, style: "bold" }];
  return [
    { text: left, style: "bold" },
    { text: " ".repeat(space) + HINT, style: "dim" },
  ];
}

/** Wide enough for `waiting` and `59m 59s`. */
const STATE_COLUMNS = 7;
const SINCE_COLUMNS = 8;
const LAST_COLUMNS = 8;
const GAP = "  ";
const ERROR_COLUMNS_MIN = 20;
const TARGET_COLUMNS_MIN = 16;

interface Widths {
  readonly target: number;
  readonly error: number;
}

function targetLines(state: ViewState, room: number, columns: number): readonly Line[] {
  const { counts, rows } = state;
  if (counts.total === 0) return [[{ text: "no targets yet", style: "dim" }]];
  const hasMore = counts.total > room || rows.length > room;
  const shown = rows.slice(0, hasMore ? Math.max(0, room - 1) : room);
  const widths = widthsFor(shown, columns);
  const titles = cells(["STATE", "TARGET", "SINCE", "TOOK", "LAST ERROR"], widths);
  const more = counts.total - shown.length;
  return [
    [{ text: titles, style: "dim" }],
    ...shown.map((row) => targetLine(row, state.now, widths)),
    ...(more > 0 ? [[{ text: `… and ${more} more`, style: "dim" } as const]] : []),
  ];
}

function widthsFor(rows: readonly TargetRow[], columns: number): Widths {
  const fixed = STATE_COLUMNS + SINCE_COLUMNS + LAST_COLUMNS + 4 * GAP.length;
  const free = Math.max(TARGET_COLUMNS_MIN, columns - fixed);
  const longest = rows.reduce((most, { id }) => Math.max(most, displayWidth(printable(id))), 6);
  const target = Math.min(longest, Math.max(TARGET_COLUMNS_MIN, free - ERROR_COLUMNS_MIN));
  return { target, error: Math.max(0, free - target) };
}

function cells(texts: readonly string[], { target, error }: Widths): string {
  const [state = "", id = "", since = "", last = "", why = ""] = texts;
  return [
    pad(state, STATE_COLUMNS, "left"),
    pad(shorten(id, target), target, "left"),
    pad(since, SINCE_COLUMNS, "right"),
    pad(last, LAST_COLUMNS, "right"),
    shorten(why, error),
  ]
    .join(GAP)
    .trimEnd();
}

function targetLine(row: TargetRow, now: EpochMs, widths: Widths): Line {
  const id = printable(row.id);
  if (row.kind === "waiting") return [{ text: cells(["waiting", id], widths), style: "dim" }];
  const label = isSlow(row) ? "slow" : row.kind;
  // Of one that is up again the error is history: it is shown in grey.
  const [last, why] = [formatLatency(row.durationMs), printable(row.error ?? "")];
  const text = cells([label, id, formatSpan(now - row.since), last, why], widths);
  const style = styleOf(row);
  const head = text.slice(0, STATE_COLUMNS);
  const tail = { text: text.slice(STATE_COLUMNS) };
  return [
    { text: head, style },
    row.kind === "up" && why !== "" ? dimmed(tail.text, why, widths) : tail,
  ].flat();
}

function dimmed(text: string, why: string, widths: Widths): Span[] {
  const length = shorten(why, widths.error).length;
  const cut = text.length - length;
  return [{ text: text.slice(0, cut) }, { text: text.slice(cut), style: "dim" }];
}

function styleOf(row: TargetRow): Style {
  if (row.kind === "down") return "red";
  return isSlow(row) ? "yellow" : "green";
}

export function countsText({ total, up, down, slow, waiting }: TargetCounts): string {
  const parts = [`${up} up`, `${down} down`];
  if (slow > 0) parts.push(`${slow} slow`);
  if (waiting > 0) parts.push(`${waiting} waiting`);
  return `${total === 1 ? "1 target" : `${total} targets`}: ${parts.join(", ")}`;
}

export function fleetText({ rate, fleet }: Pick<ViewState, "rate" | "fleet">): string {
  const failed = rate.failed > 0 ? ` (${rate.failed.toFixed(1)} failed)` : "";
  const parts = [`${rate.captures.toFixed(1)} captures/s${failed}`];
  if (fleet === undefined) return parts.join("; ");
  parts.push(`lag ${formatLag(fleet.lagMs)}`);
  if (fleet.lateness99Ms !== undefined)
    parts.push(`starts p99 within ${boundText(fleet.lateness99Ms)}`);
  if (fleet.missed > 0) parts.push(`${fleet.missed} missed in the last minute`);
  if (fleet.waiting > 0) parts.push(`${fleet.waiting} late or first captures waiting`);
  parts.push(`${fleet.running} of ${fleet.desired} collectors running`);
  return parts.join("; ");
}

function boundText(ms: number): string {
  return Number.isFinite(ms) ? formatLatency(ms) : "more than 60 s";
}

function formatLag(ms: number): string {
  return ms >= 1_000 ? formatSpan(ms) : `${Math.round(ms)} ms`;
}

function countsLine({ counts }: ViewState): Line {
  return [{ text: countsText(counts), style: counts.down > 0 ? "red" : "green" }];
}

function collectorLines({ fleet, now }: ViewState, { rows }: ViewSize): readonly Line[] {
  const all = fleet?.collectors ?? [];
  const room = Math.min(COLLECTORS_SHOWN_MAX, Math.max(1, Math.floor(rows / 4)));
  // What is wrong is seen, however many leases there are.
  const sorted = all.toSorted((a, b) => isShut(b) - isShut(a));
  const shown = sorted.slice(0, all.length > room ? room - 1 : room);
  const more = all.length - shown.length;
  const lines = shown.map((collector) => collectorLine(collector, now));
  return more > 0 ? [...lines, [{ text: `  … and ${more} more leases`, style: "dim" }]] : lines;
}

function isShut({ quarantinedUntil }: CollectorView): number {
  return quarantinedUntil === undefined ? 0 : 1;
}

const OWNER_SHOWN = 8;
const RANGES_SHOWN = 4;

function collectorLine(collector: CollectorView, now: EpochMs): Line {
  const { lease, state, owner = "", slots, ranges, lagMs, waiting, giving } = collector;
  const { died, quarantinedUntil } = collector;
  const extra = [
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(giving > 0 ? [`giving ${giving}`] : []),
    ...(died > 0 ? [`${died} died`] : []),
    ...(quarantinedUntil === undefined
      ? []
      : [`tried again in ${formatSpan(quarantinedUntil - now)}`]),
  ];
  const shown = ranges.slice(0, RANGES_SHOWN).join(" ");
  const more = ranges.length > RANGES_SHOWN ? ` and ${ranges.length - RANGES_SHOWN} more` : "";
  const style = state === "running" ? "green" : state === "idle" ? "dim" : "red";
  return [
    { text: `  lease ${lease}  ` },
    { text: pad(state, "running".length, "left"), style },
    {
      text: `  ${pad(owner.slice(0, OWNER_SHOWN), OWNER_SHOWN, "left")}  lag ${pad(formatLag(lagMs), 7, "left")}  ${pad(String(slots), 4, "right")} slots  ${shown}${more}${extra.length > 0 ? `  (${extra.join(", ")})` : ""}`,
    },
  ];
}

function noteLine({ level, text }: ViewState["notes"][number]): Line {
  const style = level === "error" ? "red" : level === "warn" ? "yellow" : "dim";
  return [{ text: printable(text), style }];
}

/** Cut at the terminal's width, then coloured: colours take no columns. */
function painted(line: Line, columns: number, paint: Paint): string {
  let left = columns;
  let text = "";
  for (const span of line) {
    if (left <= 0) break;
    const cut = shorten(span.text, left);
    left -= displayWidth(cut);
    text += span.style === undefined ? cut : paint(span.style, cut);
  }
  return text;
}
