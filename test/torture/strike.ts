/**
 * Carries out blows. Each says whom it hits as soon as it knows, and ends by itself; all of them end
 * at once when everything is healed.
 */
import { signalProcess } from "#local/process-identity.ts";
import { collectors, pick, rebalancers, somebody, wait, type Arena, type Strike } from "./arena.ts";
import type { BlowKind } from "./plan.ts";
import {
  killEverything,
  killSome,
  lateStarts,
  NOBODY,
  pausePastUntil,
  pauseRebalancer,
  pauseSome,
  restartRebalancer,
  twins,
} from "./process-blows.ts";
import { release } from "./settle.ts";
import { cutAgainAndAgain, fillDisk, killEngine, weather } from "./store-blows.ts";
import { want } from "./want.ts";

type Carry = (arena: Arena, strike: Strike) => Promise<void>;

export async function carryOut(arena: Arena, strike: Strike): Promise<void> {
  await HOW[strike.kind](arena, strike);
}

const HOW: Readonly<Record<BlowKind, Carry>> = {
  "kill-collector": (arena, strike) => killSome(arena, strike, 1),
  "kill-several": (arena, strike) => {
    const most = Math.max(2, Math.floor(arena.options.collectors / 3));
    return killSome(arena, strike, Math.round(strike.random.between(2, most)));
  },
  async "kill-rebalancer"(arena, { tell, miss, random }) {
    const hit = pick(await somebody(arena, rebalancers), random);
    if (hit === undefined) {
      miss(NOBODY);
      return;
    }
    signalProcess(hit, "SIGKILL");
    tell(`process ${hit}`);
  },
  async "kill-both"(arena, strike) {
    await somebody(arena, collectors);
    const others = await somebody(arena, rebalancers);
    if (others.length === 0) {
      strike.miss(NOBODY);
      return;
    }
    for (const pid of others) signalProcess(pid, "SIGKILL");
    await killSome(arena, strike, 1, others.map((pid) => `rebalancer ${pid}`)); // prettier-ignore
  },
  "kill-everything": killEverything,
  "pause-briefly": (arena, strike) =>
    pauseSome(arena, strike, 1, strike.random.between(0.2, 0.7) * arena.options.ttlMs),
  "pause-past-expiry": (arena, strike) => {
    const many = Math.round(strike.random.between(1, Math.max(1, arena.options.collectors / 6)));
    return pauseSome(arena, strike, many, arena.options.ttlMs + strike.random.between(500, 5_000));
  },
  "pause-past-until": pausePastUntil,
  "pause-rebalancer": pauseRebalancer,
  "restart-rebalancer": restartRebalancer,
  twins,
  "late-starts": lateStarts,
  "store-slow": (arena, strike) =>
    weather(arena, strike, { kind: "slow", delayMs: [20, strike.random.between(100, 400)] }),
  "store-cut": cutAgainAndAgain,
  "store-lost-answers": (arena, strike) =>
    weather(arena, strike, { kind: "lost-answers", share: strike.random.between(0.1, 0.5) }),
  "store-late-writes": (arena, strike) => {
    const holdMs = strike.random.between(1_100, arena.options.ttlMs);
    return weather(arena, strike, { kind: "late-writes", share: 0.3, holdMs }, holdMs);
  },
  "store-silent": (arena, strike) => {
    const spanMs = arena.options.ttlMs + strike.random.between(1_000, 4_000);
    return weather(arena, strike, { kind: "silent" }, 0, spanMs);
  },
  "engine-killed": killEngine,
  "disk-full": fillDisk,
  "scale-out": (arena, strike) => scale(arena, strike, strike.random.between(1.2, 1.6)),
  "scale-in": (arena, strike) => scale(arena, strike, strike.random.between(0.5, 0.8)),
  async release({ world }, { tell }) {
    const released = await release(world);
    tell(released.length === 0 ? "nothing is" : `lease ${released.join(", ")}`);
  },
  deploy,
  async register({ people, options }, { tell, random }) {
    const count = Math.ceil(options.targets * random.between(0.02, 0.08));
    tell(`${count} targets`);
    await people.register(count);
  },
  async remove({ people, options }, { tell, random }) {
    const count = Math.ceil(options.targets * random.between(0.02, 0.08));
    tell(`${await people.remove(count, random)} targets`);
  },
  async request({ people, options }, { tell, random }) {
    const count = Math.ceil(options.targets * random.between(0.02, 0.1));
    tell(`${await people.ask(count, random)} captures`);
  },
};

async function scale(arena: Arena, { tell }: Strike, factor: number): Promise<void> {
  const { desired, slotsLog2 } = arena.watch.last().fleet.fleet;
  const { collectors: usual } = arena.options;
  const most = Math.min(2 ** slotsLog2, Math.ceil(1.5 * usual));
  const least = Math.max(1, Math.floor(usual / 2));
  const rounded = factor > 1 ? Math.ceil(desired * factor) : Math.floor(desired * factor);
  const wanted = Math.max(least, Math.min(most, rounded));
  tell(`${wanted} instead of ${desired}`);
  await want(arena, wanted);
}

const DEPLOY_ATTEMPTS_MAX = 5;
const DEPLOY_AGAIN_MS = 2_000;

/** In bad weather it may have to be tried again. */
async function deploy(arena: Arena, { tell }: Strike): Promise<void> {
  const { world } = arena;
  const from = Date.now();
  tell(`deployment ${world.deployments.length + 1}`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { cut, abandoned } = await world.deploy();
      if (cut + abandoned === 0) return;
      // Some were stopped at that moment, or the store was away: they had no time to let go.
      arena.faults.push({ kind: "cut-short", from, to: Date.now(), slots: "all", killed: [] });
      return;
    } catch (error) {
      if (attempt === DEPLOY_ATTEMPTS_MAX) throw error;
      await wait(arena, DEPLOY_AGAIN_MS);
    }
  }
}
