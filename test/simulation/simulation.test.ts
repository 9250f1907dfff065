import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { after } from "#domain/units.ts";
import type { Backend, Stores } from "./backend.ts";
import { brokenBackend } from "./broken.ts";
import { playSeed, type Played, type PlayOptions } from "./play.ts";
import { scenarioOf } from "./scenario.ts";

/** Five of them quiet: what comes before is as eventful as in a longer run. */
const MINUTES = 8;
/** Each test plays a few, so that none of them is long. */
const BATCH = 10;
const SEEDS = 100;
const TIMEOUT_MS = 120_000;

/** Large pools are played by the nightly run. */
const isSmall = (seed: number): boolean => {
  const { collectors, targets } = scenarioOf(seed, MINUTES);
  return collectors <= 24 && targets <= 120;
};
const seeds = Array.from({ length: 10 * SEEDS }, (_, index) => index + 1)
  .filter(isSmall)
  .slice(0, SEEDS);

function told({ seed, violations }: Played): string[] {
  return violations.map(({ what }) => `seed ${seed}: ${what}`);
}

describe("the simulation", () => {
  const batches = Array.from({ length: SEEDS / BATCH }, (_, index) =>
    seeds.slice(index * BATCH, (index + 1) * BATCH),
  );

  it.each(batches.map((batch) => ({ from: batch[0], to: batch.at(-1), batch })))(
    "holds what the protocol promises, seeds $from to $to",
    async ({ batch }) => {
      for (const seed of batch) expect(told(await playSeed(seed, MINUTES))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "plays a seed the same way again, here and in another process",
    async () => {
      const seed = 6;
      const first = await playSeed(seed, MINUTES);
      const again = await playSeed(seed, MINUTES);
      expect(first.entries).toBeGreaterThan(1_000);
      expect(again.hash).toBe(first.hash);
      const main = fileURLToPath(new URL("main.ts", import.meta.url));
      const args = [main, "--seed", String(seed), "--minutes", String(MINUTES), "--trace"];
      const { stdout } = await promisify(execFile)(process.execPath, args, {
        maxBuffer: 256 * 1024 * 1024,
      });
      expect(stdout.trimEnd().split("\n").at(-1)).toBe(
        `seed ${seed}: ${first.entries} entries, hash ${first.hash}`,
      );
    },
    TIMEOUT_MS,
  );

  it(
    "plays another seed another way",
    async () => {
      const [one, other] = [await playSeed(6, 2), await playSeed(8, 2)];
      expect(one.hash).not.toBe(other.hash);
    },
    TIMEOUT_MS,
  );
});

/** Until something is found, in a few seeds. */
async function found(options: PlayOptions, seedsMax = 12): Promise<string> {
  for (const seed of seeds.slice(0, seedsMax)) {
    const { violations } = await playSeed(seed, MINUTES, options);
    const [first] = violations;
    if (first !== undefined) return first.what;
  }
  return "nothing";
}

function broken(change: (stores: Stores) => Partial<Stores>): PlayOptions {
  return { backend: (sound: Backend) => brokenBackend(sound, change) };
}

const FAR_MS = 3_600_000;

describe("the simulation's checks", () => {
  it(
    "notice a chunk store that forgets what it said it keeps",
    async () => {
      expect(await found({ keepsChunk: (sequence) => sequence % 5 !== 0 })).toMatch(
        /nothing lost/u,
      );
    },
    TIMEOUT_MS,
  );

  it(
    "notice commits before their captures are durable",
    async () => {
      const options = broken(({ schedules }) => ({
        schedules: {
          ...schedules,
          commit: (request) => {
            const { at, offset } = request.watermark;
            return schedules.commit({ ...request, watermark: { at: after(at, 5_000), offset } });
          },
        },
      }));
      expect(await found(options)).toMatch(/nothing lost/u);
    },
    TIMEOUT_MS,
  );

  it(
    "notice commits under an epoch that nobody has",
    async () => {
      const options = broken(({ schedules }) => ({
        schedules: {
          ...schedules,
          commit: (request) => schedules.commit({ ...request, epoch: request.epoch + 1 }),
        },
      }));
      expect(await found(options)).toMatch(/fencing/u);
    },
    TIMEOUT_MS,
  );

  it(
    "notice owners that take leases from those who hold them",
    async () => {
      const options = broken(({ leases }) => ({
        leases: {
          ...leases,
          acquire: (request) => leases.acquire({ ...request, now: after(request.now, FAR_MS) }),
          findLease: async (pool, id) => {
            const lease = await leases.findLease(pool, id);
            if (lease?.holder === undefined) return lease;
            return {
              ...lease,
              holder: {
                ...lease.holder,
                expiresAt: lease.holder.deadlineAt,
                deadlineAt: lease.holder.expiresAt,
              },
            };
          },
        },
      }));
      expect(await found(options)).not.toBe("nothing");
    },
    TIMEOUT_MS,
  );

  it(
    "notice a release that forgets when something is due next",
    async () => {
      const options = broken(({ leases }) => ({
        leases: {
          ...leases,
          release: (request) =>
            leases.release({ ...request, nextDueAt: after(request.nextDueAt, FAR_MS) }),
        },
      }));
      expect(await found(options)).toMatch(/behind|late|missed/u);
    },
    TIMEOUT_MS,
  );

  it(
    "notice owners that don't see what they have promised to give",
    async () => {
      const options = broken(({ leases }) => ({
        leases: {
          ...leases,
          renew: async (request) => {
            const renewed = await leases.renew(request);
            if (renewed.kind === "lost") return renewed;
            return { ...renewed, lease: { ...renewed.lease, giving: [] } };
          },
        },
      }));
      expect(await found(options)).toMatch(/a promise stands/u);
    },
    TIMEOUT_MS,
  );

  it(
    "notice requests that are taken away before they are served",
    async () => {
      const options = broken(({ requests }) => ({
        requests: {
          ...requests,
          list: async (pool, ranges, slotsLog2) => {
            const listed = await requests.list(pool, ranges, slotsLog2);
            for (const request of listed) await requests.remove(request);
            return [];
          },
        },
      }));
      expect(await found(options)).toMatch(/asked for|missed/u);
    },
    TIMEOUT_MS,
  );
});
