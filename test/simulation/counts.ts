/** What a run has exercised: a kind of event that never took place proves nothing. */
export const EXERCISED = [
  "kills",
  "time-outs",
  "pauses",
  "freezes",
  "thaws with old work",
  "deployments",
  "duplicate deliveries",
  "late deliveries",
  "retried invocations",
  "missed rebalances",
  "lost requests",
  "lost answers",
  "late writes",
  "throttles",
  "conflicts",
  "store outages",
  "chunk failures",
  "cut off",
  "clock jumps",
  "acquires",
  "takeovers",
  "releases",
  "gives",
  "moves",
  "promises",
  "cancels",
  "leases added",
  "leases removed",
  "commits",
  "commits fenced",
  "commits revised",
  "commits overtaken",
  "divisions",
  "quarantines",
  "quarantines lifted",
  "registrations",
  "changes",
  "removals",
  "requests by hand",
  "health checks",
  "rebalances",
] as const;

export type Exercised = (typeof EXERCISED)[number];

export interface Counts {
  add(what: Exercised, by?: number): void;
  readonly all: Readonly<Record<Exercised, number>>;
}

export function counts(): Counts {
  const all = Object.fromEntries(EXERCISED.map((name) => [name, 0])) as Record<Exercised, number>; // every name is there
  return {
    add(what, by = 1) {
      all[what] += by;
    },
    all,
  };
}
