/** The worlds of hand-overs: each small enough to be explored to its end. */
import type { Bounds, Choices, Faults, Hand, ProcessKey } from "./state.ts";

const NONE: Omit<Faults, "overdue"> = { crash: 0, pause: 0, chunk: 0, late: 0, lost: 0 };

const ONE_SLOT = {
  slotsLog2: 0,
  periodTicks: 2,
  shiftTicks: 1,
  owns: ["A1"],
  begins: ["leaseA"],
  skewMaxTicks: 0,
  ticksMax: 40,
} as const;

const TWO_SLOTS = {
  slotsLog2: 1,
  periodTicks: 2,
  shiftTicks: 0,
  owns: ["A1"],
  begins: ["leaseA", "leaseA"],
  skewMaxTicks: 0,
  ticksMax: 40,
} as const;

type Letter = "A" | "B" | "C";

const hand = (from: Letter, to: Letter, slot = 0): Hand => ({
  slot,
  from: `lease${from}`,
  to: `lease${to}`,
});

function choices(hands: readonly Hand[], { releases = 0, starts = 0 } = {}): Choices {
  return { releases, starts, hands, moved: 0 };
}

const A = ["A1", "A2", "A3", "A4"] as const satisfies readonly ProcessKey[];
const AB = ["A1", "A2", "A3", "B1", "B2", "B3"] as const satisfies readonly ProcessKey[];

/** A release with a successor that waits, or is started when something is due. */
export const RELEASE: Bounds = {
  ...ONE_SLOT,
  name: "hand-over/release",
  rounds: 3,
  leases: ["leaseA"],
  processes: A,
  choices: choices([], { releases: 1, starts: 1 }),
  faults: { ...NONE, crash: 1, lost: 1 },
};

/** The same with a process that stands still, and a write that lands late. */
export const LATE_RELEASE: Bounds = {
  ...ONE_SLOT,
  name: "hand-over/late-release",
  rounds: 3,
  leases: ["leaseA"],
  processes: A,
  choices: choices([], { releases: 1, starts: 1 }),
  faults: { ...NONE, pause: 1, late: 1 },
};

/** One range goes from an owner to another, running or not. */
export const GIVE: Bounds = {
  ...ONE_SLOT,
  name: "hand-over/give",
  rounds: 3,
  leases: ["leaseA", "leaseB"],
  processes: AB,
  choices: choices([hand("A", "B")], { starts: 1 }),
  faults: { ...NONE, crash: 1 },
};

/** Both run, and the promise is made. */
const BOTH: Bounds = {
  ...GIVE,
  rounds: 2,
  processes: ["A1", "A2", "B1", "B2"],
  owns: ["A1", "B1"],
  choices: choices([]),
  promised: [hand("A", "B")],
};

/** A chunk can't be kept, an answer is lost. */
export const LOSSY_GIVE: Bounds = {
  ...BOTH,
  rounds: 3,
  name: "hand-over/lossy-give",
  faults: { ...NONE, chunk: 1, lost: 1 },
};

/** Standing still across the cut, across until, across the lease's end. */
export const PAUSED_GIVE: Bounds = {
  ...BOTH,
  name: "hand-over/paused-give",
  faults: { ...NONE, pause: 1 },
};

/** A give or a commit that lands when its sender has stopped asking. */
export const LATE_GIVE: Bounds = {
  ...BOTH,
  rounds: 3,
  choices: choices([hand("A", "B")]),
  promised: [],
  name: "hand-over/late-give",
  faults: { ...NONE, late: 1 },
};

/** Two slots of one lease go to another, one after the other. */
export const TWO_GIVES: Bounds = {
  ...TWO_SLOTS,
  name: "hand-over/two-gives",
  rounds: 2,
  leases: ["leaseA", "leaseB"],
  processes: AB,
  choices: choices([hand("A", "B"), hand("A", "B", 1)]),
  faults: { ...NONE, lost: 1 },
};

/** From A to B and on to C, while what A keeps is still open. */
export const CHAIN: Bounds = {
  ...ONE_SLOT,
  name: "hand-over/chain",
  rounds: 4,
  leases: ["leaseA", "leaseB", "leaseC"],
  processes: ["A1", "A2", "B1", "B2", "C1", "C2"],
  choices: choices([hand("A", "B"), hand("B", "C")]),
  faults: { ...NONE, crash: 1 },
};

/** From A to B and back to A, while what A keeps is still open. */
export const RING: Bounds = {
  ...ONE_SLOT,
  name: "hand-over/ring",
  rounds: 4,
  leases: ["leaseA", "leaseB"],
  processes: AB,
  choices: choices([hand("A", "B"), hand("B", "A")]),
  faults: { ...NONE, crash: 1 },
};

/** A and B exchange their slots: each keeps something while its epoch rises. */
export const EXCHANGE: Bounds = {
  ...TWO_SLOTS,
  begins: ["leaseA", "leaseB"],
  owns: ["A1", "B1"],
  name: "hand-over/exchange",
  rounds: 2,
  leases: ["leaseA", "leaseB"],
  processes: ["A1", "A2", "B1", "B2"],
  choices: choices([hand("A", "B"), hand("B", "A", 1)]),
  faults: NONE,
};

/** Clocks apart by skewMax. */
export const SKEWED: Bounds = {
  ...ONE_SLOT,
  name: "hand-over/skewed",
  rounds: 3,
  owns: ["A1", "B1"],
  leases: ["leaseA", "leaseB"],
  processes: AB,
  choices: choices([hand("A", "B")], { releases: 1 }),
  faults: { ...NONE, crash: 1 },
  skews: { A1: 1, B2: 1 },
  skewMaxTicks: 1,
};

/** The other way round: the taker's clock is ahead. */
export const SKEWED_TAKER: Bounds = {
  ...SKEWED,
  name: "hand-over/skewed-taker",
  skews: { B1: 1, A2: 1 },
};

/** Clocks apart by more: nothing is lost and nobody is fenced out who should not be. */
export const BEYOND_SKEW: Bounds = {
  ...SKEWED,
  name: "hand-over/beyond-skew",
  skews: { B1: 3, A2: 3 },
  isSafetyOnly: true,
};

/** One owner, one round, and a successor: just what a single guard of the hand-over needs to matter. */
const ONE_ROUND: Bounds = {
  ...ONE_SLOT,
  name: "hand-over/one-round",
  rounds: 1,
  leases: ["leaseA"],
  processes: A,
  choices: choices([], { releases: 1 }),
  faults: NONE,
};

/** A taker that stands still between asking how far its giver is and looking at the answer. */
export const PAUSED_READ: Bounds = {
  ...ONE_ROUND,
  name: "hand-over/paused-read",
  leases: ["leaseA", "leaseB"],
  owns: ["A1", "B1"],
  processes: ["A1", "A2", "B1", "B2"],
  choices: choices([hand("A", "B")]),
  faults: { ...NONE, pause: 1 },
};

/** The giver commits as late as it may, its taker's clock is ahead by skewMax. */
export const AHEAD: Bounds = {
  ...ONE_ROUND,
  name: "hand-over/ahead",
  skews: { A2: 1 },
  skewMaxTicks: 1,
};

/** Released before anything is read. */
export const UNREAD: Bounds = {
  ...ONE_ROUND,
  name: "hand-over/unread",
  owns: [],
  ticksMax: 12,
};

/** A giver has died; its taker lets go in turn while it still waits for the dead one. */
export const TWO_RELEASES: Bounds = {
  ...ONE_ROUND,
  name: "hand-over/two-releases",
  periodTicks: 1,
  shiftTicks: 0,
  rounds: 2,
  choices: choices([], { releases: 2 }),
  begun: [
    "A1 asks to release, cut 1 ahead",
    "the release of A1 is carried out",
    "A1 dies",
    "A2 is started",
    "A2 looks at its lease",
  ],
  faults: { ...NONE, crash: 1 },
  skewMaxTicks: 1,
  slackTicks: 1,
};

/** A release without an answer lands late. */
export const UNANSWERED_RELEASE: Bounds = {
  ...ONE_ROUND,
  name: "hand-over/unanswered-release",
  rounds: 2,
  faults: { ...NONE, late: 1 },
};

export const HAND_OVERS: readonly Bounds[] = [
  RELEASE,
  LATE_RELEASE,
  GIVE,
  LOSSY_GIVE,
  PAUSED_GIVE,
  LATE_GIVE,
  TWO_GIVES,
  CHAIN,
  RING,
  EXCHANGE,
  SKEWED,
  SKEWED_TAKER,
  BEYOND_SKEW,
  PAUSED_READ,
  AHEAD,
  UNREAD,
  TWO_RELEASES,
  UNANSWERED_RELEASE,
];
