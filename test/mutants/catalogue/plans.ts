/** Changes to what plans do to leases: promise, cancel, move, split, merge. */
import type { Mutant } from "./mutant.ts";

const LEASE = "lib/domain/lease.ts";
const FLEET = "lib/domain/fleet.ts";
const BELIEF = "lib/domain/plan/belief.ts";

export const PLANS_MUTANTS: readonly Mutant[] = [
  {
    id: "plan-believes-any-answer",
    file: BELIEF,
    find: "if (wanted !== undefined && stored !== undefined && isAsPlanned(wanted, stored))",
    replace: "if (wanted !== undefined && stored !== undefined)",
    why: "a move that another made counts as the plan's own, and later moves rely on a picture that is wrong",
    expected: { by: "model", world: "leases-split-merge", steps: 5 },
  },
  {
    id: "passed-any-later-version",
    file: LEASE,
    find: `    from.version === request.fromVersion + 1 &&
    to.version > request.toVersion &&`,
    replace: `    from.version > request.fromVersion &&
    to.version > request.toVersion &&`,
    why: "whatever has happened since is taken for one's own give",
    expected: {
      by: "none",
      equivalent:
        "While the giver's name is on its lease, only a give of its own can have taken ranges from it: the ranges are with the taker, so that give landed, however often the lease has changed since. A move's answer is relied on only where both leases are as its plan expects them, versions included (`isAsPlanned`, lib/domain/plan/belief.ts).",
    },
  },
  {
    id: "passed-without-ranges",
    file: LEASE,
    find: `    !overlaps(from.ranges, request.ranges) &&
    covers(to.ranges, request.ranges)
`,
    replace: `    true
`,
    why: "any change of both leases is taken for one's own give",
    expected: { by: "model", world: "leases-crossed", steps: 6 },
  },
  {
    id: "passed-not-recognised",
    file: LEASE,
    find: `  if (from.holder?.owner === request.owner && hasPassed(from, to, request))
    return { kind: "given", from, to };
`,
    replace: "",
    why: "a give whose answer was lost is refused when it is asked for again",
    expected: { by: "model", world: "leases-crossed", steps: 5 },
  },
  {
    id: "passed-without-owner",
    file: LEASE,
    find: "  if (from.holder?.owner === request.owner && hasPassed(from, to, request))",
    replace: "  if (hasPassed(from, to, request))",
    why: "a move by the rebalancer is taken for one's own give",
    expected: { by: "directed", test: "test/mutants/guards/giver.test.ts" },
  },
  {
    id: "move-leaves-owner",
    file: LEASE,
    find: "transfer(withoutHolder(noteDeath(from, request)), to,",
    replace: "transfer(noteDeath(from, request), to,",
    why: "a move from an expired lease leaves its owner in place, who takes it for its own give",
    expected: { by: "directed", test: "test/mutants/guards/giver.test.ts" },
  },
  {
    id: "move-without-giver-version",
    file: LEASE,
    find: `  if (from.version !== request.fromVersion || to.version !== request.toVersion)
    return { kind: "refused", why: "version" };
  const { now, skewMaxMs, ward } = request;`,
    replace: `  if (to.version !== request.toVersion)
    return { kind: "refused", why: "version" };
  const { now, skewMaxMs, ward } = request;`,
    why: "a move names the taker's version only",
    expected: { by: "model", world: "leases-split-merge", steps: 5 },
  },
  {
    id: "move-without-taker-version",
    file: LEASE,
    find: `  if (from.version !== request.fromVersion || to.version !== request.toVersion)
    return { kind: "refused", why: "version" };
  const { now, skewMaxMs, ward } = request;`,
    replace: `  if (from.version !== request.fromVersion)
    return { kind: "refused", why: "version" };
  const { now, skewMaxMs, ward } = request;`,
    why: "a move names the giver's version only",
    expected: { by: "model", world: "leases-split-merge", steps: 5 },
  },
  {
    id: "move-of-held",
    file: LEASE,
    find: `  if (isHeld(from, now, skewMaxMs)) return { kind: "refused", why: "held" };
`,
    replace: "",
    why: "a move takes ranges from an owner that came back: two are sure of a slot",
    expected: { by: "model", world: "leases-moves", steps: 7 },
  },
  {
    id: "move-without-covering",
    file: LEASE,
    find: `  if (from.id === to.id || !covers(from.ranges, request.ranges))
    return { kind: "refused", why: "not-mine" };
  const moved`,
    replace: `  if (from.id === to.id)
    return { kind: "refused", why: "not-mine" };
  const moved`,
    why: "a move of what the giver doesn't have",
    expected: {
      by: "none",
      equivalent:
        "A plan moves only what it read in the giver, and names the version that it read: ranges change only with a new version, so where the versions match they are there.",
    },
  },
  {
    id: "promise-without-giver-version",
    file: LEASE,
    find: `  if (from.version !== request.fromVersion || to.version !== request.toVersion)
    return { kind: "refused", why: "version" };
  const promised`,
    replace: `  if (to.version !== request.toVersion)
    return { kind: "refused", why: "version" };
  const promised`,
    why: "a promise from a plan whose giver has moved on lands",
    expected: { by: "model", world: "leases-crossed", steps: 3 },
  },
  {
    id: "promise-without-taker-version",
    file: LEASE,
    find: `  if (from.version !== request.fromVersion || to.version !== request.toVersion)
    return { kind: "refused", why: "version" };
  const promised`,
    replace: `  if (from.version !== request.fromVersion)
    return { kind: "refused", why: "version" };
  const promised`,
    why: "a promise to a lease that has moved on since the plan lands",
    expected: { by: "model", world: "leases-hand-overs", steps: 2 },
  },
  {
    id: "promise-keeps-version",
    file: LEASE,
    find: "from: { ...from, giving, version: from.version + 1 } };",
    replace: "from: { ...from, giving } };",
    why: "a promise keeps the version: what was planned before lands",
    expected: { by: "model", world: "leases-crossed", steps: 3 },
  },
  {
    id: "cancel-keeps-version",
    file: LEASE,
    find: `      giving: trimGiving(lease.giving, request.ranges),
      version: lease.version + 1,`,
    replace: `      giving: trimGiving(lease.giving, request.ranges),
      version: lease.version,`,
    why: "a promise is dropped without a new version: the give that is under way lands after all, and fences out whoever has the slots",
    expected: { by: "model", world: "leases-crossed", steps: 4 },
  },
  {
    id: "cancel-without-version",
    file: LEASE,
    find: `  if (lease.version !== request.version) return { kind: "refused", why: "version" };
  return {
    kind: "cancelled",`,
    replace: `  return {
    kind: "cancelled",`,
    why: "a cancellation doesn't ask what was promised since",
    expected: { by: "model", world: "leases-split-merge-wide", steps: 7 },
  },
  {
    id: "add-without-fleet-version",
    file: FLEET,
    find: "  if (stored.fleet.version !== asRead.version || stored.lease !== undefined)",
    replace: "  if (stored.lease !== undefined)",
    why: "a lease is added from an old fleet record: numbers go back",
    expected: { by: "model", world: "leases-split-merge", steps: 5 },
  },
  {
    id: "add-over-a-lease",
    file: FLEET,
    find: "  if (stored.fleet.version !== asRead.version || stored.lease !== undefined)",
    replace: "  if (stored.fleet.version !== asRead.version)",
    why: "a lease is made over one with its number",
    expected: {
      by: "none",
      equivalent:
        "The next number grows with every lease that is made, under the fleet's version: where the version matches, there is none with this number.",
    },
  },
  {
    id: "remove-without-version",
    file: FLEET,
    find: "isFree && ranges.length === 0 && stored.version === version",
    replace: "isFree && ranges.length === 0",
    why: "a lease that others have changed since is removed",
    expected: { by: "model", world: "leases-split-merge", steps: 5 },
  },
  {
    id: "remove-with-owner",
    file: FLEET,
    find: "isFree && ranges.length === 0 && stored.version",
    replace: "ranges.length === 0 && stored.version",
    why: "a lease is removed without asking who owns it",
    expected: {
      by: "none",
      equivalent:
        "Only a lease that was read without an owner is removed, at the version that was read; an acquisition raises it.",
    },
  },
  {
    id: "remove-with-ranges",
    file: FLEET,
    find: "isFree && ranges.length === 0 && stored.version",
    replace: "isFree && stored.version",
    why: "a lease is removed without asking what it has",
    expected: {
      by: "none",
      equivalent:
        "Only a lease that was read without ranges is removed, at the version that was read; gaining ranges raises it.",
    },
  },
  {
    id: "tiling-with-gaps",
    file: "lib/domain/range.ts",
    find: '  if (missing.length === 0 && doubled.length === 0) return { kind: "tiles" };',
    replace: '  if (doubled.length === 0) return { kind: "tiles" };',
    why: "plans are made on a snapshot in which slots are in no lease",
    expected: { by: "directed", test: "test/mutants/guards/torn-snapshot.test.ts" },
  },
  {
    id: "expired-needs-nobody",
    file: "lib/usecases/rebalance/need.ts",
    find: `  const takeableAt = after(holder.expiresAt, times.skewMaxMs);
`,
    replace: `  const takeableAt = after(holder.deadlineAt, times.skewMaxMs);
`,
    why: "nobody is started for a lease whose owner died",
    expected: { by: "model", world: "leases-deaths", steps: 1 },
  },
];
