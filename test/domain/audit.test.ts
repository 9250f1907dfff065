import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accountOf,
  AUDIT_LIMITS,
  auditInvariants,
  dueInstants,
  duplicates,
  type Look,
  type Observation,
} from "#domain/audit.ts";
import { cadenceKey, cron, every } from "#domain/cadence.ts";
import { targetHash } from "#domain/hash.ts";
import { leaseId, newLease, type Lease, type Owner } from "#domain/lease.ts";
import { cover } from "#domain/range.ts";
import type { ChunkRecord, MissedRecord, SampleRecord } from "#domain/sample.ts";
import { newSchedule, type Schedule } from "#domain/schedule.ts";
import { slotOf, type Slot } from "#domain/slot.ts";
import type { Target } from "#domain/target.ts";
import { after, durationMs, epochMs, type EpochMs } from "#domain/units.ts";
import { through, upTo, type Watermark } from "#domain/watermark.ts";

const K = 3;
const at = epochMs(Date.UTC(2026, 10, 21, 13));
const cadence = every(60_000);

const [first, second] = cover(2, K).map((ranges, index) => ({
  ...newLease("p", leaseId(index + 1), ranges, at),
  epoch: 5,
}));
if (first === undefined || second === undefined) throw new Error("two leases expected");

interface Change {
  readonly at?: EpochMs;
  readonly leases?: readonly Lease[];
  readonly schedules?: readonly Schedule[];
  readonly lastRebalanceAt?: EpochMs;
}

function look(change: Change = {}): Look {
  const moment = change.at ?? at;
  const schedules = change.schedules ?? [schedule()];
  return {
    at: moment,
    fleet: {
      fleet: {
        pool: "p",
        slotsLog2: K,
        desired: 2,
        nextLease: 3,
        version: 1,
        createdAt: at,
        lastRebalance: { at: change.lastRebalanceAt ?? moment, by: "r" },
      },
      leases: change.leases ?? [first, second].filter((lease) => lease !== undefined),
    },
    slots: [...Map.groupBy(schedules, ({ slot }) => slot)].map(([slot, own]) => ({
      slot,
      schedules: own,
    })),
  };
}

function schedule(change: Partial<Schedule> = {}): Schedule {
  return { ...newSchedule("p", 0 as Slot, cadenceKey(cadence), at), epoch: 5, ...change };
}

function names(observation: Omit<Observation, "limits">): string[] {
  return auditInvariants({ ...observation, limits: AUDIT_LIMITS }).map(
    ({ invariant }) => invariant,
  );
}

function expired(lease: Lease | undefined, forMs: number): Lease {
  if (lease === undefined) throw new Error("a lease expected");
  const holder = { owner: "o" as Owner, expiresAt: epochMs(at - forMs), deadlineAt: at };
  return { ...lease, holder };
}

describe("auditInvariants", () => {
  it("finds nothing in a pool that is well", () => {
    expect(names({ looks: [look(), look({ at: after(at, 60_000) })] })).toEqual([]);
    expect(names({ looks: [] })).toEqual([]);
  });

  it("finds slots that are in no lease, and in two", () => {
    expect(names({ looks: [look({ leases: [first] })] })).toEqual(["tiling"]);
    const greedy = { ...second, ranges: [{ from: 0, to: 2 ** 32 }] };
    const [violation] = auditInvariants({
      looks: [look({ leases: [first, greedy] })],
      limits: AUDIT_LIMITS,
    });
    expect(violation).toMatchObject({
      invariant: "tiling",
      what: "00000000-80000000 is in several leases: 0001, 0002",
    });
  });

  it("finds a schedule whose epoch is above its lease's", () => {
    expect(names({ looks: [look({ schedules: [schedule({ epoch: 6 })] })] })).toEqual(["fencing"]);
    expect(names({ looks: [look({ schedules: [schedule({ epoch: 5 })] })] })).toEqual([]);
  });

  it("finds watermarks and epochs that went back", () => {
    const before = look({ schedules: [schedule({ watermark: through(at) })] });
    expect(
      names({ looks: [before, look({ schedules: [schedule({ watermark: upTo(at) })] })] }),
    ).toEqual(["monotone-watermark"]);
    expect(
      names({
        looks: [before, look({ schedules: [schedule({ watermark: through(at), epoch: 4 })] })],
      }),
    ).toEqual(["monotone-epoch"]);
    const lower = { ...first, epoch: 4 };
    expect(
      names({ looks: [look({ schedules: [] }), look({ schedules: [], leases: [lower, second] })] }),
    ).toEqual(["monotone-epoch"]);
  });

  it("finds a slot that came to a lease with a lower epoch", () => {
    const taker = { ...second, ranges: [...first.ranges, ...second.ranges], epoch: 4 };
    const found = names({
      looks: [
        look({ schedules: [schedule({ epoch: 3 })], leases: [first, { ...second, epoch: 4 }] }),
        look({ schedules: [schedule({ epoch: 3 })], leases: [{ ...first, ranges: [] }, taker] }),
      ],
    });
    expect(found).toEqual(["monotone-epoch"]);
  });

  it("finds leases that nobody takes up, once there was time to", () => {
    const limit = AUDIT_LIMITS.expiredMaxMs + AUDIT_LIMITS.skewMaxMs;
    expect(names({ looks: [look({ leases: [expired(first, limit), second] })] })).toEqual([]);
    expect(names({ looks: [look({ leases: [expired(first, limit + 1), second] })] })).toEqual([
      "leases-taken-up",
    ]);
  });

  it("finds a rebalancer that has not run", () => {
    const limit = AUDIT_LIMITS.rebalanceMaxMs;
    expect(names({ looks: [look({ lastRebalanceAt: epochMs(at - limit) })] })).toEqual([]);
    expect(names({ looks: [look({ lastRebalanceAt: epochMs(at - limit - 1) })] })).toEqual([
      "rebalancer-alive",
    ]);
  });
});

// what was captured ------------------------------------------------------------------------------

const id = "https://www.example.com/health";
const slot = slotOf(targetHash(id).hash32, K);
const target: Target = {
  id,
  pool: "p",
  probe: { kind: "noop" },
  cadence,
  tags: {},
  revision: "r",
  registeredAt: epochMs(0),
};
const from = at;
const to = after(at, 600_000);
const due = dueInstants(target, K, from, to);

function sample(round: EpochMs, change: Partial<SampleRecord> = {}): SampleRecord {
  const capture = { startedAt: round, durationMs: durationMs(1), values: {} };
  return {
    kind: "sample",
    target: id,
    slot,
    cadence: cadenceKey(cadence),
    round,
    epoch: 5,
    capture,
    ...change,
  };
}

function missed(
  after: Watermark,
  through: Watermark,
  change: Partial<MissedRecord> = {},
): MissedRecord {
  return {
    kind: "missed",
    slot,
    cadence: cadenceKey(cadence),
    from: after,
    to: through,
    rounds: 1,
    captures: 1,
    reason: "late",
    epoch: 5,
    ...change,
  };
}

function captured(records: readonly ChunkRecord[], watermark: Watermark = through(to)): string[] {
  const state = look({ schedules: [schedule({ slot, watermark })] });
  return names({ looks: [state], captured: { from, to, targets: [target], records } });
}

describe("auditInvariants, of what was captured", () => {
  it("is content when each due round has its sample or a missed record", () => {
    expect(due).toHaveLength(10);
    expect(captured(due.map(({ round }) => sample(round)))).toEqual([]);
    const [one, ...rest] = due;
    if (one === undefined) throw new Error("an instant expected");
    const record = missed(upTo(one.instant), through(one.instant));
    expect(captured([record, ...rest.map(({ round }) => sample(round))])).toEqual([]);
  });

  it("finds an instant that has neither", () => {
    expect(captured(due.slice(1).map(({ round }) => sample(round)))).toEqual(["nothing-lost"]);
  });

  it("asks only for what is committed", () => {
    const last = due.at(-1);
    if (last === undefined) throw new Error("an instant expected");
    const records = due.slice(0, -1).map(({ round }) => sample(round));
    expect(captured(records, upTo(last.instant))).toEqual([]);
    expect(captured(records, through(last.instant))).toEqual(["nothing-lost"]);
  });

  it("doesn't count a missed record that names others, or another cadence", () => {
    const [one, ...rest] = due;
    if (one === undefined) throw new Error("an instant expected");
    const samples = rest.map(({ round }) => sample(round));
    const [before, upTo] = [through(epochMs(one.instant - 1)), through(one.instant)];
    expect(captured([missed(before, upTo, { targets: ["other"] }), ...samples])).toEqual([
      "nothing-lost",
    ]);
    expect(
      captured([missed(before, upTo, { cadence: cadenceKey(every(30_000)) }), ...samples]),
    ).toEqual(["nothing-lost"]);
    expect(captured([missed(before, upTo, { targets: [id] }), ...samples])).toEqual([]);
  });

  it("finds a round that two samples are read for", () => {
    const [one] = due;
    const records = due.map(({ round }) => sample(round));
    expect(captured([...records, sample(one?.round ?? at, { epoch: 6 })])).toEqual(["one-sample"]);
  });

  it("finds a sample of a round that does not exist", () => {
    const records = due.map(({ round }) => sample(round));
    expect(captured([...records, sample(epochMs((due[0]?.round ?? at) + 1))])).toEqual([
      "nothing-extra",
    ]);
  });

  it("finds a target whose schedule is gone", () => {
    const state = look({ schedules: [] });
    expect(
      names({ looks: [state], captured: { from, to, targets: [target], records: [] } }),
    ).toEqual(["nothing-lost"]);
  });
});

describe("accountOf", () => {
  it("adds up: due = captured + missed + lost, whatever there is", () => {
    const arbitrary = fc.record({
      every: fc.constantFrom(every(10_000), every(60_000), cron("* * * * *")),
      kept: fc.array(fc.constantFrom("sample", "missed", "nothing"), {
        minLength: 70,
        maxLength: 70,
      }),
    });
    fc.assert(
      fc.property(arbitrary, ({ every: drawn, kept }) => {
        const own = { ...target, cadence: drawn };
        const instants = dueInstants(own, K, from, to);
        const samples = instants.flatMap(({ round }, n) =>
          kept[n] === "sample" ? [sample(round, { cadence: cadenceKey(drawn) })] : [],
        );
        const records = instants.flatMap(({ instant }, n) =>
          kept[n] === "missed"
            ? [
                missed(through(epochMs(instant - 1)), through(instant), {
                  cadence: cadenceKey(drawn),
                }),
              ]
            : [],
        );
        const account = accountOf({
          target: own,
          slotsLog2: K,
          from,
          to,
          watermark: through(to),
          samples,
          missed: records,
        });
        expect(account.captured + account.missed + account.lost.length).toBe(account.due);
        expect(account.captured).toBe(samples.length);
        expect(account.missed).toBe(records.length);
        expect(account.extra).toEqual([]);
      }),
    );
  });

  it("counts captures that were made more than once, captures on request apart", () => {
    const [one] = due;
    const round = one?.round ?? at;
    const { round: _none, ...onRequest } = sample(round);
    expect(duplicates([sample(round), sample(round, { epoch: 6 }), onRequest, onRequest])).toEqual([
      { target: id, round, count: 2 },
    ]);
  });
});
