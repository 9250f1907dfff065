/** In a terminal: a screen that is redrawn at most four times a second. */
import { epochMs, type EpochMs } from "#domain/units.ts";
import { localLimits } from "#local/local-limits.ts";
import type { LocalCloud } from "#local/cloud.ts";
import type { Context } from "../../context.ts";
import { tellEvent, type Told } from "./events.ts";
import type { Reporter } from "./lines.ts";
import { renderView, type ViewSize } from "./render.ts";
import { openScreen, type Screen } from "./screen.ts";
import { stopText } from "./stop-text.ts";
import { watching } from "./watching.ts";

const NOTES_KEPT = 20;
/** A note that is no fault leaves the screen after a while. */
const NOTE_SHOWN_MS = 30_000;
const SIZE_DEFAULT: ViewSize = { columns: 80, rows: 24 };

interface Note extends Told {
  readonly at: EpochMs;
}

export function liveReporter(
  context: Context,
  { data, pool }: { readonly data: string; readonly pool: string },
): Reporter {
  const startedAt = context.now();
  const notes: Note[] = [];
  let cloud: LocalCloud | undefined;
  let screen: Screen | undefined;
  let drawing: NodeJS.Timeout | undefined;

  function note(told: Told): void {
    notes.push({ ...told, at: context.now() });
    if (notes.length > NOTES_KEPT) notes.shift();
    redraw();
  }

  // Changes of targets are in the list itself; here is what the list doesn't show.
  const watched = watching({ now: () => context.now(), onTold: () => undefined, onRound: redraw });

  function redraw(): void {
    if (screen === undefined) return;
    drawing ??= setTimeout(draw, localLimits.viewFrameEveryMs);
  }

  function draw(): void {
    drawing = undefined;
    const now = context.now();
    const size = terminalSize();
    const fleet = watched.fleet();
    const shown = notes.filter(({ level, at }) => level !== "info" || now - at < NOTE_SHOWN_MS);
    const { model } = watched;
    const frame = renderView(
      {
        pool,
        data,
        now,
        startedAt: epochMs(startedAt),
        counts: model.counts(),
        rows: model.rows(size.rows),
        rate: model.rate(now),
        ...(fleet !== undefined && { fleet }),
        alarms: cloud?.alarms() ?? [],
        notes: shown,
      },
      size,
      (style, text) => context.io.stdout.style(style, text),
    );
    screen?.draw(frame);
  }

  function close(): void {
    clearTimeout(drawing);
    process.stdout.off("resize", redraw);
    screen?.leave();
    screen = undefined;
  }

  return {
    event(event) {
      // Alarms have lines of their own while the screen is there.
      if (event.kind === "alarm" && screen !== undefined) {
        redraw();
        return;
      }
      const told = tellEvent(event);
      if (told === undefined) return;
      if (screen === undefined) void context.say(told.text);
      else note(told);
    },
    start(started) {
      cloud = started;
      screen = openScreen((text) => void context.io.stdout.write(text));
      process.stdout.on("resize", redraw);
      watched.start(started);
      draw();
      return Promise.resolve();
    },
    async stopping() {
      close();
      await context.say("stopping: what is open gets 5 s (Ctrl-C again stops at once)");
      await watched.stop();
    },
    stopped: (report) => void context.say(stopText(report)),
    close,
  };
}

function terminalSize(): ViewSize {
  const { columns, rows } = process.stdout;
  return { columns: columns || SIZE_DEFAULT.columns, rows: rows || SIZE_DEFAULT.rows };
}
