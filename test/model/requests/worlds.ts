/** The worlds of registrations, removals and captures on request. */
import { registered, type RegisteredWorld } from "../registered.ts";
import type { Fault } from "./acts.ts";
import { EARLY, MIDDLE, OTHER, USUAL } from "./bounds.ts";
import { requestsWorld, type Bounds } from "./world.ts";

type Story = Omit<Bounds, "faults" | "faultsMax">;

const NOBODY: Omit<Story, "name"> = {
  known: [[EARLY, USUAL]],
  registered: [],
  asked: [],
  asksMax: 0,
  ticksMax: 4,
  mayLetGo: false,
};

/** One or two targets in rounds of four seconds; what happens to them is the name. */
const STORIES: readonly Story[] = [
  { ...NOBODY, name: "registration", registered: [[MIDDLE, USUAL]] },
  { ...NOBODY, name: "first-target", known: [], registered: [[EARLY, USUAL]] },
  { ...NOBODY, name: "cadence", registered: [[EARLY, OTHER]] },
  { ...NOBODY, name: "removal", registered: [[MIDDLE, USUAL]], removed: EARLY },
  { ...NOBODY, name: "together", registered: [[MIDDLE, USUAL]], asked: [EARLY], asksMax: 1 },
  { ...NOBODY, name: "by-hand", asked: [EARLY], asksMax: 2 },
  { ...NOBODY, name: "letting-go", asked: [EARLY], asksMax: 2, mayLetGo: true },
];

const FAULTS: readonly { readonly name: string; readonly faults: readonly Fault[] }[] = [
  { name: "crashes", faults: ["crash"] },
  { name: "pauses", faults: ["pause"] },
  { name: "writes", faults: ["lost answer", "late write"] },
];

export const BOUNDS: readonly Bounds[] = FAULTS.flatMap(({ name, faults }) =>
  STORIES.map((story) => ({
    ...story,
    name: `requests/${story.name}/${name}`,
    faults,
    faultsMax: 1,
  })),
);

/** Two faults of any kinds together, where the state is small. */
const ANY: Bounds = {
  ...NOBODY,
  name: "requests/by-hand/any-two",
  asked: [EARLY],
  asksMax: 2,
  faults: ["crash", "pause", "lost answer", "late write"],
  faultsMax: 2,
};

const SMALL_STATES = 1_500;

export const REQUEST_WORLDS: readonly RegisteredWorld[] = [...BOUNDS, ANY].map((bounds) =>
  registered(requestsWorld(bounds), { small: SMALL_STATES }),
);
