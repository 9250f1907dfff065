/** Changes to what the owner of a lease may do. */
import type { Mutant } from "./mutant.ts";

const LEASE = "lib/domain/lease.ts";
const RECORD = "lib/domain/lease/record.ts";
const FLEET = "lib/domain/fleet.ts";

export const LEASES_MUTANTS: readonly Mutant[] = [
  {
    id: "give-without-giver-version",
    file: LEASE,
    find: `  if (from.version !== request.fromVersion || to.version !== request.toVersion)
    return { kind: "refused", why: "version", from, to };`,
    replace: `  if (to.version !== request.toVersion)
    return { kind: "refused", why: "version", from, to };`,
    why: "a give names the taker's version only: what the giver gained meanwhile is overwritten, and its slot is in no lease",
    expected: { by: "model", world: "leases-crossed", steps: 5 },
  },
  {
    id: "give-leaves-giver-version",
    file: LEASE,
    find: `      loads: withoutLoads(from.loads, ranges),
      version: from.version + 1,`,
    replace: `      loads: withoutLoads(from.loads, ranges),
      version: from.version,`,
    why: "a change that leaves the giver's epoch leaves its version, too, as if gives named epochs: two gives overwrite each other, and a slot is in two leases",
    expected: { by: "model", world: "leases-split-merge", steps: 5 },
  },
  {
    id: "give-without-taker-version",
    file: LEASE,
    find: `  if (from.version !== request.fromVersion || to.version !== request.toVersion)
    return { kind: "refused", why: "version", from, to };`,
    replace: `  if (from.version !== request.fromVersion)
    return { kind: "refused", why: "version", from, to };`,
    why: "a give names the giver's version only: what the taker gained meanwhile is overwritten",
    expected: { by: "model", world: "leases-crossed", steps: 5 },
  },
  {
    id: "give-without-versions",
    file: LEASE,
    find: `  if (from.version !== request.fromVersion || to.version !== request.toVersion)
    return { kind: "refused", why: "version", from, to };
  if (to.quarantine`,
    replace: "  if (to.quarantine",
    why: "a give trusts its ranges instead of versions",
    expected: { by: "model", world: "leases-crossed", steps: 5 },
  },
  {
    id: "give-without-owner",
    file: LEASE,
    find: `  if (from.holder?.owner !== request.owner) return { kind: "refused", why: "owner", from, to };
`,
    replace: "",
    why: "a give doesn't ask who owns the giver",
    expected: {
      by: "none",
      equivalent:
        "An owner changes only by acquire, release, move and quarantine, and each raises the version: with the giver's version as the owner read it, it is the owner still. Only the reason told with the refusal differs.",
    },
  },
  {
    id: "give-without-promise",
    file: LEASE,
    find: "  if (!covers(promised, request.ranges) || !covers(from.ranges, request.ranges))",
    replace: "  if (!covers(from.ranges, request.ranges))",
    why: "a give doesn't ask for the promise",
    expected: {
      by: "none",
      equivalent:
        "A promise is made and dropped only with a new version, and an owner gives only what its lease, read at the version it names, has promised: where the versions match, the promise is there.",
    },
  },
  {
    id: "give-leaves-epoch",
    file: LEASE,
    find: "epoch: Math.max(from.epoch, to.epoch) + 1,",
    replace: "epoch: Math.max(from.epoch, to.epoch),",
    why: "ranges change hands under an epoch that was used before",
    expected: { by: "model", world: "leases-crossed", steps: 5 },
  },
  {
    id: "give-forgets-giver-epoch",
    file: LEASE,
    find: "epoch: Math.max(from.epoch, to.epoch) + 1,",
    replace: "epoch: to.epoch + 1,",
    why: "the taker's epoch is raised from its own alone: over the slots that it gains, it may go down or be used twice",
    expected: { by: "model", world: "leases-split-merge", steps: 4 },
  },
  {
    id: "give-forgets-taker-epoch",
    file: LEASE,
    find: "epoch: Math.max(from.epoch, to.epoch) + 1,",
    replace: "epoch: from.epoch + 1,",
    why: "the taker's epoch is raised from the giver's alone: the taker's own may go down",
    expected: { by: "model", world: "leases-split-merge", steps: 8 },
  },
  {
    id: "transfer-leaves-taker-version",
    file: LEASE,
    find: `      nextDueAt: now,
      version: to.version + 1,`,
    replace: `      nextDueAt: now,
      version: to.version,`,
    why: "a lease that gains ranges keeps its version: what relies on it doesn't notice",
    expected: { by: "model", world: "leases-split-merge", steps: 7 },
  },
  {
    id: "transfer-leaves-next-due",
    file: LEASE,
    find: `      nextDueAt: now,
`,
    replace: "",
    why: "a range moves to an idle lease and leaves its nextDueAt: nobody is ever started",
    expected: { by: "model", world: "leases-split-merge", steps: 2 },
  },
  {
    id: "transfer-leaves-promises",
    file: LEASE,
    find: `giving: trimGiving(from.giving, ranges),
      open:`,
    replace: `giving: from.giving,
      open:`,
    why: "a move leaves promises of what it has moved: nobody can ever keep them",
    expected: { by: "model", world: "leases-crossed", steps: 1 },
  },
  {
    id: "acquire-keeps-version",
    file: LEASE,
    find: `      epoch: lease.epoch + 1,
      version: lease.version + 1,`,
    replace: `      epoch: lease.epoch + 1,
      version: lease.version,`,
    why: "a lease that is owned now keeps its version: a plan from before lands",
    expected: { by: "model", world: "leases-split-merge", steps: 7 },
  },
  {
    id: "acquire-keeps-epoch",
    file: LEASE,
    find: `      epoch: lease.epoch + 1,
      version: lease.version + 1,`,
    replace: `      epoch: lease.epoch,
      version: lease.version + 1,`,
    why: "a new owner under the old epoch isn't fenced from the one before",
    expected: { by: "model", world: "leases-split-merge", steps: 3 },
  },
  {
    id: "acquire-not-recognised",
    file: LEASE,
    find: `  if (lease.holder?.owner === request.owner) return { kind: "acquired", lease };
`,
    replace: "",
    why: "an acquisition whose answer was lost is refused when it is asked for again: a lost lease",
    expected: { by: "model", world: "leases-crossed", steps: 7 },
  },
  {
    id: "acquire-of-held",
    file: LEASE,
    find: "  if (isHeld(lease, now, skewMaxMs) || isQuarantined(lease, now, skewMaxMs))",
    replace: "  if (isQuarantined(lease, now, skewMaxMs))",
    why: "a lease is taken from an owner that has it still",
    expected: { by: "model", world: "leases-moves", steps: 3 },
  },
  {
    id: "held-without-skew",
    file: RECORD,
    find: "now < lease.holder.expiresAt + skewMaxMs;",
    replace: "now < lease.holder.expiresAt;",
    why: "the claimer doesn't add skewMax: the owner, whose clock is behind, is sure of it still",
    expected: { by: "model", world: "leases-moves", steps: 5 },
  },
  {
    id: "held-less-skew",
    file: RECORD,
    find: "now < lease.holder.expiresAt + skewMaxMs;",
    replace: "now < lease.holder.expiresAt - skewMaxMs;",
    why: "the claimer takes skewMax off",
    expected: { by: "model", world: "leases-moves", steps: 3 },
  },
  {
    id: "held-by-owner-alone",
    file: RECORD,
    find: "return lease.holder !== undefined && now < lease.holder.expiresAt + skewMaxMs;",
    replace: "return lease.holder !== undefined;",
    why: "a lease never expires: that of a dead owner is lost for good",
    expected: { by: "model", world: "leases-deaths", steps: 1 },
  },
  {
    id: "renew-without-owner",
    file: LEASE,
    find: `  if (lease.holder?.owner !== request.owner) return { kind: "lost", lease };
  const expiresAt`,
    replace: `  if (lease.holder === undefined) return { kind: "lost", lease };
  const expiresAt`,
    why: "whoever asks is told that the lease is still theirs",
    expected: { by: "model", world: "leases-moves", steps: 8 },
  },
  {
    id: "renew-shortens",
    file: LEASE,
    find: `  if (lease.holder.expiresAt > expiresAt) return { kind: "renewed", lease };
`,
    replace: "",
    why: "a heartbeat that lands late shortens what its owner counts on",
    expected: { by: "model", world: "leases-answers", steps: 9 },
  },
  {
    id: "renew-raises-nothing-but-epoch",
    file: LEASE,
    find: "lease: { ...lease, holder, progress: request.progress,",
    replace: "lease: { ...lease, holder, epoch: lease.epoch + 1, progress: request.progress,",
    why: "a heartbeat raises the epoch: plans and gives that name versions don't see it",
    expected: { by: "model", world: "leases-crossed", steps: 3 },
  },
  {
    id: "release-without-version",
    file: LEASE,
    find: `  if (lease.holder?.owner !== request.owner || lease.version !== request.version)
    return { kind: "refused", lease };`,
    replace: `  if (lease.holder?.owner !== request.owner)
    return { kind: "refused", lease };`,
    why: "a release that doesn't know of a range just gained overwrites nextDueAt: nobody is ever started",
    expected: { by: "model", world: "leases-split-merge", steps: 9 },
  },
  {
    id: "release-without-owner",
    file: LEASE,
    find: `  if (lease.holder?.owner !== request.owner || lease.version !== request.version)
    return { kind: "refused", lease };`,
    replace: '  if (lease.version !== request.version) return { kind: "refused", lease };',
    why: "a release doesn't ask who owns the lease",
    expected: {
      by: "none",
      equivalent:
        "An owner changes only by acquire, release, move and quarantine, and each raises the version: with the version as the owner read it, it is the owner still.",
    },
  },
  {
    id: "release-keeps-version",
    file: LEASE,
    find: `      ...withoutSuspicion(withoutHolder(lease)),
      version: lease.version + 1,`,
    replace: `      ...withoutSuspicion(withoutHolder(lease)),
      version: lease.version,`,
    why: "a lease that is free now keeps its version: a plan from before lands",
    expected: { by: "model", world: "leases-split-merge", steps: 9 },
  },
  {
    id: "release-keeps-owner",
    file: LEASE,
    find: "      ...withoutSuspicion(withoutHolder(lease)),",
    replace: "      ...withoutSuspicion(lease),",
    why: "a release leaves the owner in place",
    expected: { by: "model", world: "leases-crossed", steps: 4 },
  },
  {
    id: "release-leaves-next-due",
    file: LEASE,
    find: `      nextDueAt: request.nextDueAt,
      open: request.open,`,
    replace: "      open: request.open,",
    why: "a release doesn't tell when something is due next",
    expected: { by: "model", world: "leases-crossed", steps: 4 },
  },
  {
    id: "release-not-recognised",
    file: LEASE,
    find: `  if (isOwnRelease(lease, request)) return { kind: "released", lease };
`,
    replace: "",
    why: "a release whose answer was lost is refused when it is asked for again",
    expected: { by: "model", world: "leases-crossed", steps: 4 },
  },
  {
    id: "lease-number-again",
    file: FLEET,
    find: "    fleet: { ...fleet, nextLease: fleet.nextLease + 1, version: fleet.version + 1 },",
    replace: "    fleet: { ...fleet, version: fleet.version + 1 },",
    why: "a lease number is used twice: a plan for the one lands on the other",
    expected: { by: "model", world: "leases-split-merge", steps: 4 },
  },
  {
    id: "overtaken-at-once",
    file: "lib/domain/letting-go.ts",
    find: "leaseVersion > letGo.version",
    replace: "leaseVersion >= letGo.version",
    why: "a giver whose give had no answer takes the slots up again before it can land no more: two are sure of them",
    expected: { by: "model", world: "hand-over/late-give", steps: 26 },
  },
  {
    id: "refused-give-shows-our-lease",
    file: "lib/domain/letting-go.ts",
    find: `  if (from?.holder?.owner !== asked.owner) return "lost";
`,
    replace: "",
    why: "a giver whose lease another has takes over that one's epoch, and commits under it",
    expected: { by: "model", world: "leases-pauses", steps: 12 },
  },
  {
    id: "release-forgets-shorter-time",
    file: "lib/domain/lease-times.ts",
    find: "earliest(expiresAt, shown.holder.expiresAt)",
    replace: "expiresAt",
    why: "after an acquisition that landed late the owner counts on an expiry that isn't stored",
    expected: { by: "model", world: "leases-answers", steps: 11 },
  },
  {
    id: "commit-without-fence",
    file: "lib/domain/schedule.ts",
    find: `  if (schedule.epoch > request.epoch) return { kind: "fenced", schedule };
`,
    replace: "",
    why: "a commit under a lower epoch lands",
    expected: { by: "model", world: "leases-pauses", steps: 9 },
  },
];
