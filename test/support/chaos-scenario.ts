/**
 * What may happen to a pool while collectors work: plain values, so that a failing run shrinks and
 * can be repeated from its description.
 */
import fc from "fast-check";
import { cron, every, type Cadence } from "#domain/cadence.ts";

export const CADENCES: readonly Cadence[] = [
  every(5_000),
  every(10_000),
  every(60_000),
  cron("* * * * *"),
];

export type Happening =
  | { readonly kind: "register"; readonly count: number; readonly cadence: number }
  | { readonly kind: "change"; readonly count: number; readonly cadence: number }
  | { readonly kind: "remove"; readonly count: number }
  | { readonly kind: "ask"; readonly count: number }
  /** A promise where the giver is owned, a move where it isn't. */
  | { readonly kind: "hand"; readonly slot: number; readonly to: number }
  | { readonly kind: "stop"; readonly which: number }
  | { readonly kind: "kill"; readonly which: number }
  | { readonly kind: "pause"; readonly which: number; readonly ms: number }
  /** One collector's clock is set back; forward would be more skew than acknowledgements allow for. */
  | { readonly kind: "jump"; readonly which: number; readonly ms: number }
  /** Everybody's clock is set, forward or back. */
  | { readonly kind: "leap"; readonly ms: number }
  /** Store calls fail, some of them after they were applied, some land late. */
  | { readonly kind: "errors"; readonly ms: number; readonly share: number }
  | { readonly kind: "chunks-fail"; readonly ms: number; readonly forGood: boolean };

export interface Event {
  readonly at: number;
  readonly what: Happening;
}

export interface Scenario {
  readonly seed: number;
  readonly slotsLog2: number;
  readonly leases: number;
  readonly targets: number;
  /** Of targets that hang until their time-out. */
  readonly hanging: number;
  /** Invocations end by their deadline after about this long. */
  readonly lifeMs: number;
  readonly lastsMs: number;
  readonly events: readonly Event[];
}

const count = fc.integer({ min: 1, max: 12 });
const which = fc.nat(7);
const cadence = fc.nat(CADENCES.length - 1);

const planned: fc.Arbitrary<Happening>[] = [
  fc.record({ kind: fc.constant("register" as const), count, cadence }),
  fc.record({ kind: fc.constant("change" as const), count, cadence }),
  fc.record({ kind: fc.constant("remove" as const), count }),
  fc.record({ kind: fc.constant("ask" as const), count }),
  fc.record({ kind: fc.constant("hand" as const), slot: fc.nat(15), to: fc.nat(3) }),
  fc.record({ kind: fc.constant("hand" as const), slot: fc.nat(15), to: fc.nat(3) }),
  fc.record({ kind: fc.constant("hand" as const), slot: fc.nat(15), to: fc.nat(3) }),
];

const faults: fc.Arbitrary<Happening>[] = [
  fc.record({ kind: fc.constant("stop" as const), which }),
  fc.record({ kind: fc.constant("kill" as const), which }),
  fc.record({
    kind: fc.constant("pause" as const),
    which,
    ms: fc.integer({ min: 500, max: 40_000 }),
  }),
  fc.record({
    kind: fc.constant("jump" as const),
    which,
    ms: fc.integer({ min: -30_000, max: 50 }),
  }),
  fc.record({ kind: fc.constant("leap" as const), ms: fc.integer({ min: -10_000, max: 60_000 }) }),
  fc.record({
    kind: fc.constant("errors" as const),
    ms: fc.integer({ min: 500, max: 15_000 }),
    share: fc.constantFrom(0.1, 0.5, 1),
  }),
  fc.record({
    kind: fc.constant("chunks-fail" as const),
    ms: fc.integer({ min: 500, max: 8_000 }),
    forGood: fc.boolean(),
  }),
];

export function scenario(mode: "planned" | "faults"): fc.Arbitrary<Scenario> {
  const lastsMs = 150_000;
  const what = fc.oneof(...planned, ...(mode === "faults" ? [...faults, ...faults] : []));
  const burst = fc
    .record({
      at: fc.integer({ min: 0, max: lastsMs }),
      // Troubles come together: one in the middle of another's consequences.
      then: fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 5_000 }), what }), {
        minLength: 1,
        maxLength: 5,
        size: "max",
      }),
    })
    .map(({ at, then }) => {
      let passed = at;
      return then.map(({ afterMs, what }): Event => {
        passed += afterMs;
        return { at: passed, what };
      });
    });
  const events = fc
    .array(burst, { minLength: 1, maxLength: 8, size: "max" })
    .map((bursts) => bursts.flat());
  return fc.record({
    seed: fc.nat(),
    slotsLog2: fc.integer({ min: 2, max: 4 }),
    leases: fc.integer({ min: 1, max: 4 }),
    targets: fc.integer({ min: 1, max: 60 }),
    hanging: fc.constantFrom(0, 0.1, 0.3),
    lifeMs: fc.constantFrom(30_000, 60_000, 900_000),
    lastsMs: fc.constant(lastsMs),
    events,
  });
}
