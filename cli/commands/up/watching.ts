/** What both reporters look at: the targets' model and the fleet, kept fresh by a feed. */
import type { EpochMs } from "#domain/units.ts";
import type { LocalCloud } from "#local/cloud.ts";
import { fleetView, type FleetView } from "#local/view/collectors.ts";
import { startFeed, type Feed } from "#local/view/feed.ts";
import { viewModel, type ViewModel } from "#local/view/model.ts";
import { tellChange, tellFleet, type Told } from "./events.ts";

export interface Watching {
  readonly model: ViewModel;
  fleet(): FleetView | undefined;
  start(cloud: LocalCloud): void;
  stop(): Promise<void>;
}

export interface WatchingOptions {
  readonly now: () => EpochMs;
  readonly onTold: (told: Told) => void;
  /** Called when there is something new to show. */
  readonly onRound: () => void;
}

export function watching({ now, onTold, onRound }: WatchingOptions): Watching {
  let fleet: FleetView | undefined;
  let problem: string | undefined;
  let feed: Feed | undefined;
  const model = viewModel((change) => onTold(tellChange(change)));
  return {
    model,
    fleet: () => fleet,
    start({ stores, pool, slotsLog2 }) {
      feed = startFeed({
        stores,
        pool,
        slotsLog2,
        model,
        onRound(round) {
          if (round.fleet !== undefined) {
            const next = fleetView(round.fleet, now());
            for (const told of tellFleet(fleet, next)) onTold(told);
            fleet = next;
          }
          if (round.problem !== undefined && round.problem !== problem) {
            onTold({ level: "warn", text: `can't look into the store: ${round.problem}` });
          }
          problem = round.problem;
          onRound();
        },
      });
    },
    stop: async () => feed?.stop(),
  };
}
