/**
 * Plays a scenario with real collectors on memory stores, and says what didn't hold.
 *
 * Collectors are started as the rebalancer would: where a lease is due or asked for and nobody owns
 * it, where its owner's time is over, and before an owner lets go. After the scenario everything is
 * left alone until it has settled.
 *
 * In:    Scenario                                          Out: what was seen, for `chaos-checks.ts`
 * Holds: the same scenario plays the same way.
 */
import { releaseAt } from "#domain/lease-times.ts";
import { isHeld, leaseId, type Lease, type Owner } from "#domain/lease.ts";
import type { Look } from "#domain/audit.ts";
import type { Cadence } from "#domain/cadence.ts";
import { limits } from "#domain/limits.ts";
import { contains, slotRange, slotsIn, wholeSpace } from "#domain/range.ts";
import type { Capture } from "#domain/sample.ts";
import { slot as slotOf, slotCount } from "#domain/slot.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { after, durationMs, epochMs, type EpochMs } from "#domain/units.ts";
import type { Probe, ProbeResult, ProbeTask } from "#ports/probe.ts";
import { collect } from "#usecases/collect/collect.ts";
import { COLLECT_SETTINGS, type CollectReport } from "#usecases/collect/settings.ts";
import { requestCapture } from "#usecases/request-capture.ts";
import { chaoticProcess, type CallFate, type ChaoticProcess } from "./chaotic-process.ts";
import { CADENCES, type Happening, type Scenario } from "./chaos-scenario.ts";
import { collectorWorld, POOL } from "./collector-world.ts";

/** A target while it had one cadence, as its owner knows it. */
export interface Known {
  readonly id: string;
  readonly cadence: Cadence;
  readonly acknowledgedAt: EpochMs;
  /** When its removal, or its next change, began. */
  endsAt: EpochMs;
}

export interface Started {
  readonly target: string;
  readonly at: EpochMs;
  readonly owner: Owner;
}

export interface Played {
  readonly scenario: Scenario;
  readonly world: Awaited<ReturnType<typeof collectorWorld>>;
  readonly known: readonly Known[];
  readonly looks: readonly Look[];
  readonly starts: readonly Started[];
  readonly reports: readonly CollectReport[];
  readonly firstOwnedAt: EpochMs;
  readonly failures: readonly unknown[];
}

const STEP_MS = 250;
const SETTLE_MS = 200_000;
export const TIMEOUT_MS = 3_000;
const START_REPEAT_MS = 5_000;

interface Running {
  readonly owner: Owner;
  readonly lease: number;
  readonly startedAt: EpochMs;
  readonly process: ChaoticProcess;
  readonly stop: AbortController;
  isDone: boolean;
}

export async function playScenario(scenario: Scenario): Promise<Played> {
  const random = seeded(scenario.seed);
  const leases = Math.min(scenario.leases, slotCount(scenario.slotsLog2));
  const world = await collectorWorld({ slotsLog2: scenario.slotsLog2, leases });
  const { clock } = world;
  const known: Known[] = [];
  const looks: Look[] = [];
  const starts: Started[] = [];
  const reports: CollectReport[] = [];
  const failures: unknown[] = [];
  const running: Running[] = [];
  const wakes: { at: EpochMs; wake: () => void }[] = [];

  const slots = slotsIn(wholeSpace(), scenario.slotsLog2);
  let made = 0;
  let leaptMs = 0;
  let errorsUntil = clock.now();
  let errorShare = 0;
  let chunksFailUntil = clock.now();
  let chunksFailForGood = false;

  function fate(call: string): CallFate {
    const now = clock.now();
    const usual = { thereMs: 1 + random() * 4, backMs: 1 + random() * 4 };
    if (call === "put" && now < chunksFailUntil) {
      return { ...usual, fault: chunksFailForGood ? "broken" : "refused" };
    }
    if (now >= errorsUntil || random() >= errorShare) return usual;
    const kind = random();
    if (kind < 0.4) return { ...usual, backMs: 1_000, fault: "refused" };
    if (kind < 0.8) return { ...usual, backMs: 1_000, fault: "lost" };
    return { ...usual, thereMs: random() * 8_000, backMs: 0, fault: "lost" };
  }

  function latencyOf({ target, timeoutMs }: ProbeTask): number {
    const hangs =
      (target.id.length * 31 + Number(target.id.slice(2))) % 100 < scenario.hanging * 100;
    return hangs ? timeoutMs : Math.min(timeoutMs, 2 + random() * 200);
  }

  function start(lease: number): void {
    const owner = world.ids.owner();
    const process = chaoticProcess(clock, fate, (random() - 0.5) * 60);
    const stop = new AbortController();
    const one: Running = { owner, lease, startedAt: clock.now(), process, stop, isDone: false };
    running.push(one);
    const deps = process.deps({
      clock,
      ids: world.ids,
      meter: world.meter,
      log: world.log,
      leases: world.leases,
      schedules: world.schedules,
      requests: world.requests,
      samples: world.samples,
      probe: arrivingProbe(process, latencyOf, (target, at) => starts.push({ target, at, owner })),
      settings: { ...COLLECT_SETTINGS, longestTimeoutMs: TIMEOUT_MS },
    });
    const deadlineAt = after(process.clock.now(), scenario.lifeMs * (0.9 + random() * 0.2));
    collect(deps, { pool: POOL, lease: leaseId(lease), owner, deadlineAt, stop: stop.signal })
      .then(
        (report) => reports.push(report),
        (error: unknown) => failures.push(error),
      )
      .finally(() => {
        one.isDone = true;
      });
    wakes.push({
      at: deadlineAt,
      wake: () => {
        process.kill();
      },
    });
  }

  async function startNeeded(): Promise<void> {
    const now = clock.now();
    const fleet = await world.leases.readFleet(POOL);
    const asked = await world.requests.list(POOL, wholeSpace(), scenario.slotsLog2);
    for (const lease of fleet?.leases ?? []) {
      const number = Number(lease.id);

      const isAsked = asked.some(({ slot }) =>
        contains(lease.ranges, slotRange(slot, scenario.slotsLog2).from),
      );
      if (!needsStart(lease, isAsked, now)) continue;
      const isUnderWay = running.some(
        (one) =>
          !one.isDone &&
          one.lease === number &&
          one.owner !== lease.holder?.owner &&
          now - one.startedAt < START_REPEAT_MS,
      );
      if (!isUnderWay) start(number);
    }
  }

  async function look(): Promise<void> {
    const found = [];
    for (const slot of slots) {
      found.push({ slot, schedules: await world.schedules.readSchedules(POOL, slot) });
    }
    const fleet = await world.leases.readFleet(POOL);
    if (fleet !== undefined) looks.push({ at: clock.now(), fleet, slots: found });
  }

  function current(): Known[] {
    return known.filter((one) => one.endsAt === FOREVER);
  }

  function chosen(count: number): Known[] {
    const all = current();
    return Array.from({ length: Math.min(count, all.length) }, () => {
      const [one] = all.splice(Math.floor(random() * all.length), 1);
      return one;
    }).filter((one) => one !== undefined);
  }

  async function register(definitions: readonly TargetDefinition[]): Promise<void> {
    await world.register(definitions);
    const acknowledgedAt = clock.now();
    for (const { id, cadence } of definitions) {
      known.push({ id, cadence, acknowledgedAt, endsAt: FOREVER });
    }
  }

  function fresh(count: number, cadence: (index: number) => number): TargetDefinition[] {
    return Array.from({ length: count }, (_, index) => {
      made += 1;
      return httpTarget(`t-${made}`, CADENCES[cadence(index)]);
    });
  }

  async function happen(what: Happening): Promise<void> {
    const alive = running.filter((one) => !one.isDone);
    const one = "which" in what ? alive[what.which % Math.max(1, alive.length)] : undefined;
    switch (what.kind) {
      case "register":
        await register(fresh(what.count, () => what.cadence));
        return;
      case "change": {
        const ids = chosen(what.count);
        for (const each of ids) each.endsAt = clock.now();
        await register(ids.map(({ id }) => httpTarget(id, CADENCES[what.cadence])));
        return;
      }
      case "remove": {
        const ids = chosen(what.count);
        for (const each of ids) each.endsAt = clock.now();
        await world.remove(ids.map(({ id }) => id));
        return;
      }
      case "ask": {
        const ids = chosen(what.count).map(({ id }) => id);
        const settings = { pool: POOL, slotsLog2: scenario.slotsLog2 };
        await requestCapture(world, settings, { kind: "ids", ids });
        return;
      }
      case "hand":
        await hand(world, what.slot % slots.length, 1 + (what.to % leases));
        return;
      case "stop":
        one?.stop.abort();
        return;
      case "kill":
        one?.process.kill();
        if (one !== undefined) one.isDone = true;
        return;
      case "pause":
        one?.process.pause();
        wakes.push({ at: after(clock.now(), what.ms), wake: () => one?.process.resume() });
        return;
      case "jump":
        one?.process.jump(what.ms);
        return;
      case "leap":
        clock.jump(what.ms);
        leaptMs += what.ms;
        return;
      case "errors":
        errorsUntil = after(clock.now(), what.ms);
        errorShare = what.share;
        return;
      case "chunks-fail":
        chunksFailUntil = after(clock.now(), what.ms);
        chunksFailForGood = what.forGood;
    }
  }

  const beganAt = clock.now();
  await register(fresh(scenario.targets, (index) => index % CADENCES.length));
  const events = scenario.events.toSorted((a, b) => a.at - b.at);
  const end = scenario.lastsMs + SETTLE_MS;
  for (let passed = 0; passed <= end; passed += STEP_MS) {
    if (passed % 1_000 === 0) await look();
    await startNeeded();
    while (events[0] !== undefined && events[0].at <= passed) {
      const event = events.shift();
      if (event !== undefined) await happen(event.what);
    }
    for (const due of wakes.splice(0)) {
      if (due.at <= clock.now()) due.wake();
      else wakes.push(due);
    }
    await clock.advance(Math.max(0, beganAt + leaptMs + passed + STEP_MS - clock.now()));
  }
  await look();
  for (const one of running) one.process.kill();
  return { scenario, world, known, looks, starts, reports, firstOwnedAt: beganAt, failures };
}

export const FOREVER = epochMs(Number.MAX_SAFE_INTEGER);

function needsStart(lease: Lease, isAsked: boolean, now: EpochMs): boolean {
  if (lease.ranges.length === 0 && lease.holder === undefined) return false;
  if (lease.holder === undefined) return isAsked || lease.nextDueAt - now <= 1_500;
  if (!isHeld(lease, now, limits.skewMaxMs)) return true;
  return releaseAt(lease.holder.deadlineAt, TIMEOUT_MS) - now <= 1_500;
}

async function hand(
  world: Awaited<ReturnType<typeof collectorWorld>>,
  index: number,
  number: number,
): Promise<void> {
  const fleet = await world.leases.readFleet(POOL);
  const wanted = slotRange(slotOf(index, world.slotsLog2), world.slotsLog2);
  const from = fleet?.leases.find(({ ranges }) => contains(ranges, wanted.from));
  const to = fleet?.leases.find(({ id }) => id === leaseId(number));
  if (from === undefined || to === undefined || from.id === to.id) return;
  const request = {
    pool: POOL,
    from: from.id,
    fromVersion: from.version,
    to: to.id,
    toVersion: to.version,
    ranges: [wanted],
  };
  if (from.holder !== undefined) await world.leases.promise(request);
  else {
    const { skewMaxMs } = limits;
    await world.leases.move({ ...request, now: world.clock.now(), skewMaxMs });
  }
}

export function httpTarget(
  id: string,
  cadence: Cadence = CADENCES[0] ?? missing(),
): TargetDefinition {
  return {
    id,
    cadence,
    tags: {},
    probe: {
      kind: "http",
      url: `http://127.0.0.1/${id}`,
      method: "GET",
      headers: {},
      timeoutMs: durationMs(TIMEOUT_MS),
      redirectsMax: 0,
      insecure: false,
      keep: [],
      assertions: [{ kind: "status", allowed: [200] }],
    },
  };
}

function missing(): never {
  throw new Error("no cadence");
}

function captureOf(startedAt: EpochMs, latencyMs: number): Capture {
  return { startedAt, durationMs: durationMs(latencyMs), values: {} };
}

/** Starts a batch at once; each result comes after its own latency, while the process runs. */
export function arrivingProbe(
  { clock }: Pick<ChaoticProcess, "clock">,
  latencyOf: (task: ProbeTask) => number,
  onStart: (target: string, at: EpochMs) => void,
): Probe {
  async function* capture(batch: readonly ProbeTask[]): AsyncGenerator<readonly ProbeResult[]> {
    const arrived: ProbeResult[] = [];
    let wake: (() => void) | undefined;
    batch.forEach((task, index) => {
      const startedAt = clock.now();
      onStart(task.target.id, startedAt);
      const latencyMs = Math.min(latencyOf(task), task.timeoutMs);
      clock.after(latencyMs, () => {
        arrived.push({ index, capture: captureOf(startedAt, latencyMs) });
        wake?.();
      });
    });
    for (let given = 0; given < batch.length;) {
      if (arrived.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const some = arrived.splice(0);
      given += some.length;
      yield some;
    }
  }
  return {
    capture,
    warm: () => Promise.resolve(),
    refresh: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** mulberry32: small, and the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
