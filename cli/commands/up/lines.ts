/** Without a terminal: one line per change of state, a summary each minute. */
import type { CloudEvent } from "#local/events.ts";
import type { LocalCloud, StopReport } from "#local/cloud.ts";
import { localLimits } from "#local/local-limits.ts";
import type { Context } from "../../context.ts";
import { printable } from "../../output/display.ts";
import { isoText } from "../../output/moment.ts";
import { tellEvent, type Told } from "./events.ts";
import { countsText, fleetText } from "./render.ts";
import { stopText } from "./stop-text.ts";
import { watching } from "./watching.ts";

/** How a system that runs is shown. */
export interface Reporter {
  event(event: CloudEvent): void;
  start(cloud: LocalCloud): Promise<void>;
  /** The order to stop was given. */
  stopping(): Promise<void>;
  stopped(report: StopReport): void;
  /** Gives the terminal back; may be called again. */
  close(): void;
}

export function linesReporter(context: Context): Reporter {
  const say = ({ level, text }: Told): void => {
    const at = isoText(context.now());
    if (context.options.json) void context.json({ at, level, text });
    else void context.say(`${at} ${printable(text)}`);
  };
  const watched = watching({ now: () => context.now(), onTold: say, onRound: () => undefined });
  let summary: NodeJS.Timeout | undefined;
  const summarise = (): void => {
    const now = context.now();
    const { model } = watched;
    const fleet = watched.fleet();
    const rate = model.rate(now);
    const text = `${countsText(model.counts())}; ${fleetText({ rate, ...(fleet && { fleet }) })}`;
    say({ level: "info", text });
  };
  return {
    event(event) {
      const told = tellEvent(event);
      if (told !== undefined) say(told);
    },
    start(cloud) {
      say({ level: "info", text: `pool ${cloud.pool} runs; functions at ${cloud.invokeEndpoint}` });
      watched.start(cloud);
      summary = setInterval(summarise, localLimits.summaryEveryMs);
      return Promise.resolve();
    },
    async stopping() {
      clearInterval(summary);
      await watched.stop();
      say({ level: "info", text: "stopping: what is open gets 5 s (again to stop at once)" });
    },
    stopped: (report) => say({ level: "info", text: stopText(report) }),
    close: () => clearInterval(summary),
  };
}
