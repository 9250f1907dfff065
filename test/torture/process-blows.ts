/** Blows to function processes: killed, stopped, started too often and too late. */
import { slotsIn } from "#domain/range.ts";
import { signalProcess } from "#local/process-identity.ts";
import {
  collectors,
  deliver,
  everyProcess,
  firstLeases,
  kill,
  leaseIds,
  pause,
  pick,
  pickSome,
  rebalancers,
  somebody,
  wait,
  type Arena,
  type Collector,
  type Strike,
} from "./arena.ts";
import { patiently } from "./population.ts";
import { seconds } from "./story.ts";
import { want } from "./want.ts";
import { POOL } from "./world.ts";

export const NOBODY = "nobody is there";
const POLL_MS = 150;

export async function killSome(
  arena: Arena,
  { kind, random, tell, miss }: Strike,
  many: number,
  others: readonly string[] = [],
): Promise<void> {
  const hit = pickSome(await somebody(arena, collectors), many, random);
  if (hit.length === 0) {
    miss(NOBODY);
    return;
  }
  kill(arena, kind, hit);
  tell([...hit.map(named), ...others].join(", "));
}

export async function killEverything(arena: Arena, { kind, tell, miss }: Strike): Promise<void> {
  const all = await somebody(arena, everyProcess);
  if (all.length === 0) {
    miss(NOBODY);
    return;
  }
  const now = Date.now();
  for (const pid of all) signalProcess(pid, "SIGKILL");
  arena.faults.push({ kind, from: now, to: now, slots: "all", killed: [] });
  tell(`${all.length} processes; captures go on with the next minute's schedule`);
}

export async function pauseSome(
  arena: Arena,
  { kind, random, tell, miss }: Strike,
  many: number,
  spanMs: number,
): Promise<void> {
  const hit = pickSome(await somebody(arena, collectors), many, random);
  if (hit.length === 0) {
    miss(NOBODY);
    return;
  }
  tell(`${hit.map(named).join(", ")} for ${seconds(spanMs)}`);
  await pause(arena, kind, hit, spanMs);
}

const HAND_OVER_WITHIN_MS = 15_000;

/** Ranges change hands when another number is wanted; who gives is stopped while it keeps something. */
export async function pausePastUntil(
  arena: Arena,
  { kind, random, tell, miss }: Strike,
): Promise<void> {
  const { stores } = arena.world;
  const before = arena.watch.last().fleet;
  const { slotsLog2, desired } = before.fleet;
  const owned = new Map(
    before.leases.flatMap(({ id, ranges }) => slotsIn(ranges, slotsLog2).map((slot) => [slot, id])),
  );
  await want(arena, desired > arena.options.collectors ? desired - 1 : desired + 1);
  const endAt = Date.now() + HAND_OVER_WITHIN_MS;
  while (Date.now() < endAt && !arena.healing.aborted) {
    const fleet = await patiently(() => stores.leases.readFleet(POOL));
    const there = collectors(arena);
    const giving = (fleet?.leases ?? []).flatMap(({ id, open }) =>
      open.flatMap(({ range, until }) => {
        const [slot] = slotsIn([range], slotsLog2);
        const giver = there.find(({ lease }) => slot !== undefined && lease === owned.get(slot));
        const isOpen = until > Date.now() && giver !== undefined && giver.lease !== id;
        return isOpen ? [{ giver, until }] : [];
      }),
    );
    const found = pick(giving, random);
    if (found !== undefined) {
      const spanMs = found.until - Date.now() + random.between(500, 3_000);
      tell(`${named(found.giver)}, which gives, for ${seconds(spanMs)}`);
      await pause(arena, kind, [found.giver], spanMs);
      return;
    }
    await wait(arena, POLL_MS);
  }
  miss("no range changed hands");
}

export async function pauseRebalancer(arena: Arena, { random, tell, miss }: Strike): Promise<void> {
  const hit = pick(await somebody(arena, rebalancers), random);
  if (hit === undefined) {
    miss(NOBODY);
    return;
  }
  const spanMs = arena.options.ttlMs * random.between(1.2, 2.5);
  tell(`process ${hit} for ${seconds(spanMs)}`);
  signalProcess(hit, "SIGSTOP");
  void arena.world.current().cloud.invoke("rebalance", { pool: POOL });
  await wait(arena, spanMs);
  signalProcess(hit, "SIGCONT");
}

export async function restartRebalancer(arena: Arena, { tell, miss }: Strike): Promise<void> {
  const hit = await somebody(arena, rebalancers);
  for (const pid of hit) signalProcess(pid, "SIGKILL");
  if (hit.length === 0) miss(NOBODY);
  else tell(hit.map((pid) => `process ${pid}`).join(", "));
  const { cloud } = arena.world.current();
  for (let n = 0; n < 2; n += 1) void cloud.invoke("rebalance", { pool: POOL });
}

const TWINS = 3;

/** Of a lease whose owner dies as well: the twins wait for it, and one of them gets it. */
export async function twins(arena: Arena, { kind, random, tell }: Strike): Promise<void> {
  const [victim] = pickSome(collectors(arena), 1, random);
  const leases = pickSome(leaseIds(arena), 2, random);
  if (victim !== undefined) {
    leases.push(victim.lease);
    kill(arena, kind, [victim]);
  }
  const killed = victim === undefined ? "" : `; kills ${named(victim)}`;
  tell(`${TWINS} each of lease ${leases.join(", ")}${killed}`);
  for (const lease of leases) {
    arena.starts.push({ lease, at: Date.now() });
    await Promise.all(Array.from({ length: TWINS }, () => deliver(arena, lease)));
  }
}

export async function lateStarts(arena: Arena, { random, tell }: Strike): Promise<void> {
  const earlier = [...new Set([...arena.starts.map(({ lease }) => lease), ...firstLeases(arena)])];
  const leases = pickSome(earlier, 4, random);
  tell(`of lease ${leases.join(", ")}`);
  for (const lease of leases) {
    await deliver(arena, lease);
    await wait(arena, random.between(0, 400));
  }
}

function named({ pid, lease }: Collector): string {
  return `lease ${lease} (process ${pid})`;
}
