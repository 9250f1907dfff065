/** Real rows with a store behind a proxy: answers lost, an outage, a stale plan on the real engine. */
import { setTimeout as wait } from "node:timers/promises";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { startTestEngine } from "#test/support/engine.ts";
import { flakyProxy, type FlakyProxy } from "#test/support/flaky-proxy.ts";
import { seededRandom } from "#test/support/rehearsal-random.ts";
import { startStoreProxy, type StoreProxy } from "#test/torture/proxy.ts";
import { iso } from "../measure.ts";
import { finding, seconds, type Effort, type Finding } from "../row.ts";
import { tryStalePlans } from "../rows/stale-plan.ts";
import { leaseWith, realSystem, TTL_MS, type RealSystem } from "./system.ts";

const ANY_TIME_MS = 90_000;
const SETTLE_MS = 3_000;

export async function realStalePlans(effort: Effort): Promise<Finding> {
  const engine = await startTestEngine();
  try {
    const { client, tables } = engine;
    const tools = { client, meter: capacityMeter(), clock: systemClock() };
    const store = dynamoLeaseStore({ ...tools, tableName: tables.leases });
    return await tryStalePlans({ fresh: () => Promise.resolve(store) }, effort === "full" ? 60 : 6);
  } finally {
    await engine.stop();
  }
}

const WRITES = ["UpdateItem", "PutItem", "DeleteItem", "TransactWriteItems"] as const;
const READS = ["GetItem", "Query"] as const;
/** A poll more or less of each who polls: two collectors, and a rebalancer twice. */
const POLLS_APART = 4;

export async function realLostAnswers(effort: Effort): Promise<Finding> {
  const held: { proxy?: FlakyProxy } = {};
  const system = await realSystem({
    collectors: 2,
    between: async (endpoint) => (held.proxy = await flakyProxy(endpoint)),
  });
  try {
    const { proxy } = held;
    if (proxy === undefined) throw new Error("there is no proxy");
    const spanMs = effort === "full" ? 20_000 : 3_000;
    await wait(SETTLE_MS);
    const from = Date.now();
    const before = await system.look();
    const usual = await readsIn(proxy, spanMs, () => undefined);
    let lost = 0;
    const faulty = await readsIn(proxy, spanMs, () => {
      lost += 1;
      proxy.fail("UpdateItem", "lose");
    });
    const afterwards = await system.look();
    const stolen = afterwards.fleet.leases.filter(({ id, epoch }) => before.fleet.leases.find((lease) => lease.id === id)?.epoch !== epoch); // prettier-ignore
    // Hand-overs, with the answers of their transactions lost as well.
    await system.want(3);
    await readsIn(proxy, 2 * spanMs, () => {
      for (const operation of WRITES) proxy.fail(operation, "lose");
    });
    const has = await system.until(async () => (await system.look()).fleet.leases.filter(({ ranges }) => ranges.length > 0).length === 3, ANY_TIME_MS); // prettier-ignore
    await wait(SETTLE_MS);
    const again = system.due(from, Date.now() - SETTLE_MS).filter(({ arrivals }) => arrivals.length > 1); // prettier-ignore
    const extra = faulty - usual;
    return finding(
      `${lost} answers of updates lost in ${seconds(spanMs)}: ${stolen.length} lost leases, ${again.length} duplicate captures (a hand-over with lost transactions included), ${faulty} reads against ${usual} without the fault`,
      [
        ...(stolen.length === 0 ? [] : [`leases changed hands: ${stolen.map(({ id }) => id).join(", ")}`]), // prettier-ignore
        ...again.map(({ target, instant, arrivals }) => `${target} due ${iso(instant)} was captured ${arrivals.map(({ at }) => iso(at)).join(", ")}`), // prettier-ignore
        ...(extra <= POLLS_APART ? [] : [`${extra} reads more than without the fault`]),
        ...(has ? [] : ["the hand-over didn't come to its end"]),
      ],
    );
  } finally {
    await system.close();
  }
}

const LOSE_EVERY_MS = 250;

async function readsIn(proxy: FlakyProxy, spanMs: number, each: () => void): Promise<number> {
  const reads = (): number => READS.reduce((sum, operation) => sum + proxy.seen(operation), 0);
  const before = reads();
  const endAt = Date.now() + spanMs;
  while (Date.now() < endAt) {
    each();
    await wait(LOSE_EVERY_MS);
  }
  return reads() - before;
}

/** Several lease times without the store. */
const OUTAGE_MS = 20_000;

export async function realOutage(effort: Effort): Promise<Finding> {
  if (effort === "quick") throw new Error("not in tests: the simulated row is");
  const held: { proxy?: StoreProxy } = {};
  const system = await realSystem({
    collectors: 4,
    between: async (endpoint) => (held.proxy = await startStoreProxy(Number(new URL(endpoint).port), seededRandom(1))), // prettier-ignore
  });
  try {
    const { proxy } = held;
    if (proxy === undefined) throw new Error("there is no proxy");
    await wait(SETTLE_MS);
    const before = await system.look();
    proxy.change({ kind: "silent" });
    await wait(OUTAGE_MS);
    proxy.change({ kind: "clear" });
    proxy.cut();
    const backAt = Date.now();
    const isBack = await system.until(() => isServed(system, backAt), ANY_TIME_MS);
    const recoveredMs = Date.now() - backAt;
    await wait(10_000);
    const afterwards = await system.look();
    const slots = before.slots.map(({ slot }) => slot as number);
    const kept = slots.filter((slot) => leaseWith(before, slot) === leaseWith(afterwards, slot)).length; // prettier-ignore
    return finding(
      `away for ${seconds(OUTAGE_MS)} (lease of ${seconds(TTL_MS)}): ${kept} of ${slots.length} ranges kept their lease; every target captured again after ${seconds(recoveredMs)}`,
      [
        ...(kept >= 0.99 * slots.length ? [] : [`${kept} of ${slots.length} ranges kept their lease`]), // prettier-ignore
        ...(isBack && recoveredMs <= 2 * OUTAGE_MS ? [] : ["not captured again in twice the outage"]), // prettier-ignore
      ],
    );
  } finally {
    await system.close();
  }
}

function isServed({ arrivals, targets }: RealSystem, since: number): boolean {
  const served = new Set(arrivals.flatMap(({ target, at }) => (at > since ? [target] : [])));
  return served.size === targets.length;
}
