/**
 * The people who own targets: they register, change, remove and ask, and repeat what was not
 * acknowledged, as they are told to.
 */
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import type { Cadence } from "#domain/cadence.ts";
import { DependencyError } from "#domain/errors.ts";
import { targetHash } from "#domain/hash.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { slotOf } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { after, durationMs, epochMs, latestOf } from "#domain/units.ts";
import { sleep, type Clock } from "#ports/clock.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { removeTargets } from "#usecases/remove-targets.ts";
import { requestCapture } from "#usecases/request-capture.ts";
import type { Random } from "#test/support/rehearsal-random.ts";
import { idsOf, invokerOf, logOf, type FunctionsOptions } from "./functions.ts";
import type { Oracle } from "./oracle.ts";
import { simulatedProcess, type ClockError } from "./process.ts";
import { stormyNetwork } from "./weather.ts";

export interface WantedTarget {
  readonly id: string;
  readonly cadence: Cadence;
  readonly timeoutMs: number;
}

export interface Operator {
  /** Resolves once acknowledged; new targets, and those that are to change. */
  register(targets: readonly WantedTarget[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
  request(ids: readonly string[]): Promise<void>;
  /** Not being changed, removed or registered at the moment. */
  idle(): readonly string[];
}

export interface OperatorOptions extends FunctionsOptions {
  readonly oracle: Oracle;
  readonly clockError: ClockError;
  /** How far clocks are apart at most: what is due so soon after an acknowledgement may be past. */
  readonly apartMs: number;
}

const ATTEMPTS_MAX = 500;
const AGAIN_MS = 5_000;

export function operator(options: OperatorOptions): Operator {
  const { clock: world, random, oracle, pool, slotsLog2, counts, trace, backend } = options;
  const busy = new Set<string>();
  let hands = 0;

  /** Each task has a process of its own, as a command line has. */
  function newHand() {
    hands += 1;
    const process = simulatedProcess(world, `operator-${hands}`, options.clockError);
    const source: Random = random.fork();
    const network = stormyNetwork(options, process, source.fork());
    const stores = backend.reach({
      process,
      network,
      random: source.fork(),
      meter: capacityMeter(),
    });
    return {
      ...stores,
      process,
      clock: process.clock,
      ids: idsOf(process),
      log: logOf(options, process),
      invoker: invokerOf(options, process, source.fork()),
    };
  }

  async function patiently(clock: Clock, step: () => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await step();
        return;
      } catch (error) {
        if (!(error instanceof DependencyError) || attempt >= ATTEMPTS_MAX) throw error;
        await sleep(clock, AGAIN_MS);
      }
    }
  }

  async function during(ids: readonly string[], work: () => Promise<void>): Promise<void> {
    for (const id of ids) busy.add(id);
    try {
      await work();
    } finally {
      for (const id of ids) busy.delete(id);
    }
  }

  return {
    register(targets) {
      const ids = targets.map(({ id }) => id);
      return during(ids, async () => {
        const hand = newHand();
        for (const id of ids) oracle.end(id, world.now());
        trace.note(world.now(), hand.process.name, "registers", ids.slice(0, 3).join(" "));
        const definitions = targets.map(definitionOf);
        await patiently(hand.clock, () =>
          registerTargets(hand, { pool, slotsLog2, policies: POLICIES_DEFAULT }, definitions),
        );
        const acknowledgedAt = world.now();
        for (const { id, cadence } of targets) {
          const slot = slotOf(targetHash(id).hash32, slotsLog2);
          const stored = await backend.direct.schedules.findTarget(pool, slot, id);
          const since = latestOf(acknowledgedAt, stored?.registeredAt ?? epochMs(0));
          oracle.acknowledge(id, cadence, {
            acknowledgedAt,
            dueFrom: after(since, options.apartMs),
          });
        }
        counts.add("registrations");
        trace.note(world.now(), hand.process.name, "registered");
      });
    },
    remove: (ids) =>
      during(ids, async () => {
        const hand = newHand();
        for (const id of ids) oracle.end(id, world.now());
        await patiently(hand.clock, () => removeTargets(hand, { pool, slotsLog2 }, ids));
        counts.add("removals");
        trace.note(world.now(), hand.process.name, "removed", ids.slice(0, 3).join(" "));
      }),
    async request(ids) {
      const hand = newHand();
      const askedAt = world.now();
      trace.note(askedAt, hand.process.name, "asks for", ids.slice(0, 3).join(" "));
      const wanted = { kind: "ids", ids } as const;
      await patiently(hand.clock, () => requestCapture(hand, { pool, slotsLog2 }, wanted));
      oracle.ask({ ids, askedAt, acknowledgedAt: world.now() });
      counts.add("requests by hand");
      trace.note(world.now(), hand.process.name, "is promised captures");
    },
    idle: () =>
      oracle
        .current()
        .filter(({ id }) => !busy.has(id))
        .map(({ id }) => id),
  };
}

function definitionOf({ id, cadence, timeoutMs }: WantedTarget): TargetDefinition {
  return {
    id,
    cadence,
    tags: {},
    probe: {
      kind: "http",
      url: `http://127.0.0.1/${id}`,
      method: "GET",
      headers: {},
      timeoutMs: durationMs(timeoutMs),
      redirectsMax: 0,
      insecure: false,
      keep: [],
      assertions: [{ kind: "status", allowed: [200] }],
    },
  };
}
