/**
 * The worlds of leases that change hands: small ones, explored to their end in every run of the
 * tests, and wide ones with more of everything for `npm run check:model`.
 */
import { registered, type RegisteredWorld } from "../registered.ts";
import type { Bounds, Left } from "./state.ts";
import { leaseWorld } from "./world.ts";

const NOTHING: Left = {
  late: 0,
  lost: 0,
  crash: 0,
  pause: 0,
  reads: 0,
  plans: 0,
  starts: 0,
  leaves: 0,
};

const SHARED = {
  slotsLog2: 1,
  due: [0],
  ticksMax: 0,
  ttl: 2,
  linger: 1,
  skewMax: 1,
  clocks: { y: 1, r1: 1 },
  started: {},
  planned: ["r2"],
  isPaged: false,
} as const;

/** Leases that are made, receive ranges, lose them and are deleted. */
const SPLIT_MERGE: Bounds = {
  ...SHARED,
  name: "leases-split-merge",
  leases: [{ slots: [0, 1] }],
  planned: ["r1"],
  plans: ["move", "add", "remove"],
  left: { ...NOTHING, plans: 4, reads: 1 },
};

/** A give under way, while other ranges come to its giver. */
const CROSSED: Bounds = {
  ...SHARED,
  name: "leases-crossed",
  leases: [{ slots: [0], owner: "x" }, { slots: [] }, { slots: [1], epoch: 3 }],
  plans: ["promise", "move", "cancel"],
  left: { ...NOTHING, late: 1, plans: 3 },
};

/** Ranges that an owner promises and gives; the taker has an owner, too. */
const HAND_OVERS: Bounds = {
  ...SHARED,
  name: "leases-hand-overs",
  leases: [{ slots: [0, 1], owner: "x" }, { slots: [], owner: "y" }, { slots: [] }],
  plans: ["promise", "cancel"],
  left: { ...NOTHING, late: 1, plans: 2 },
};

/** Ranges between leases that nobody owns or whose owner is silent; twins, and an old plan. */
const MOVES: Bounds = {
  ...SHARED,
  name: "leases-moves",
  leases: [{ slots: [0, 1] }, { slots: [] }],
  started: { x: 1, twin: 1 },
  plans: ["move"],
  ticksMax: 2,
  left: { ...NOTHING, late: 1, reads: 1, plans: 1 },
};

/** An owner that falls silent and comes back. */
const PAUSES: Bounds = {
  ...SHARED,
  name: "leases-pauses",
  leases: [{ slots: [0], owner: "x" }, { slots: [1] }],
  due: [0, 1],
  plans: ["move", "promise"],
  ticksMax: 4,
  left: { ...NOTHING, pause: 1, plans: 1, reads: 1, starts: 1 },
};

/** An owner that falls silent while a give of it has no answer. */
const ZOMBIES: Bounds = {
  ...SHARED,
  name: "leases-zombies",
  leases: [{ slots: [0], owner: "x" }, { slots: [1] }],
  plans: ["promise", "move"],
  clocks: {},
  ticksMax: 3,
  left: { ...NOTHING, late: 1, pause: 1, plans: 2 },
};

/** Heartbeats, acquisitions and releases whose answers never come, or that land late. */
const ANSWERS: Bounds = {
  ...SHARED,
  name: "leases-answers",
  leases: [{ slots: [0, 1] }],
  started: { x: 1, y: 1 },
  planned: [],
  due: [0],
  plans: [],
  ticksMax: 4,
  left: { ...NOTHING, late: 1, lost: 1 },
};

/** An owner dies with a promise unkept. */
const DEATHS: Bounds = {
  ...SHARED,
  name: "leases-deaths",
  leases: [{ slots: [0], owner: "x" }, { slots: [1] }, { slots: [] }],
  plans: ["promise", "move"],
  ticksMax: 3,
  left: { ...NOTHING, crash: 1, plans: 2 },
};

/** A read of the fleet in two pages, of two moments. */
const PAGES: Bounds = {
  ...SHARED,
  name: "leases-pages",
  leases: [{ slots: [0, 1] }, { slots: [] }],
  planned: ["r2"],
  plans: ["move", "add", "remove"],
  isPaged: true,
  left: { ...NOTHING, plans: 3, reads: 1 },
};

/** Clocks that are further apart than skewMax: who is sure may be wrong, and nothing else breaks. */
const SKEWED: Bounds = {
  ...PAUSES,
  name: "leases-skewed",
  clocks: { y: 3, r1: 3 },
  linger: 3,
  left: { ...PAUSES.left, pause: 0, leaves: 1 },
};

const WIDE: readonly Bounds[] = [
  {
    ...MOVES,
    name: "leases-moves-wide",
    ticksMax: 4,
    left: { ...MOVES.left, crash: 1, lost: 1, plans: 2, starts: 1 },
  },
  {
    ...HAND_OVERS,
    name: "leases-hand-overs-wide",
    ticksMax: 2,
    left: { ...HAND_OVERS.left, lost: 1, crash: 1, plans: 3, reads: 1, leaves: 1 },
  },
  {
    ...CROSSED,
    name: "leases-late-writes-wide",
    ticksMax: 3,
    left: { ...CROSSED.left, late: 2, pause: 1, starts: 1 },
  },
  {
    ...SPLIT_MERGE,
    name: "leases-split-merge-wide",
    started: { x: 1 },
    plans: ["move", "promise", "cancel", "add", "remove"],
    ticksMax: 2,
    left: { ...SPLIT_MERGE.left, lost: 1, reads: 2 },
  },
  {
    ...PAUSES,
    name: "leases-pauses-wide",
    ticksMax: 6,
    left: { ...PAUSES.left, pause: 2, crash: 1, plans: 2, starts: 2 },
  },
  {
    ...SKEWED,
    name: "leases-skewed-wide",
    ticksMax: 6,
    left: { ...SKEWED.left, pause: 1, late: 1, starts: 2 },
  },
];

/** Most are smaller; `npm test` has a minute for all. */
const SMALL_STATES_MAX = 120_000;
/** So much of each wide world at most: what is wide has no end worth waiting for. */
const WIDE_STATES_MAX = 2_000_000;

export const BOUNDS: readonly Bounds[] = [
  SPLIT_MERGE,
  CROSSED,
  HAND_OVERS,
  MOVES,
  PAUSES,
  ZOMBIES,
  ANSWERS,
  DEATHS,
  PAGES,
  SKEWED,
];

export const LEASE_WORLDS: readonly RegisteredWorld[] = [
  ...BOUNDS.map((bounds) => registered(leaseWorld(bounds), { small: SMALL_STATES_MAX })),
  ...WIDE.map((bounds) => registered(leaseWorld(bounds), { small: 0, statesMax: WIDE_STATES_MAX })),
];
