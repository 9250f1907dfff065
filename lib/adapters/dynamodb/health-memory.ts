/**
 * What the health check remembers, in a partition of its own in the `leases` table, so that reading
 * the fleet doesn't pay for it.
 *
 *     at   when it was written          ra   rebalancers' throttled calls, as published
 *     lag  the lag found, ms            fs, fd, fc, fn, fm, fa   failures: share, deviation, captures
 *     dp   dropped publications         a minute, minutes learnt, newest minute, minutes above in a
 *                                       row; all of them, or none
 *     ba   when something was found broken   bw   what; both, or none
 *
 * Holds: one record of less than 1 KB: a read unit and a write unit a minute.
 * Fails: DependencyError.
 * Contract: test/contracts/health-memory.contract.ts
 */
import * as z from "zod";
import { epochMs } from "#domain/units.ts";
import type { HealthMemory, HealthState } from "#ports/health-memory.ts";
import { dynamoAccess } from "./access.ts";
import type { Item } from "./attributes.ts";
import { healthKey } from "./keys.ts";
import { number, text } from "./lease-codec.ts";
import { toolsOf, type DynamoStoreOptions } from "./store-options.ts";

const attribute = z.object({
  // `Number("")` is 0: only what looks like a number is one.
  N: z.string().regex(/\d/u).transform(Number).pipe(z.number()),
});

const failuresSchema = z.object({
  fs: attribute,
  fd: attribute,
  fc: attribute,
  fn: attribute,
  fm: attribute,
  fa: attribute,
});

const brokenSchema = z.object({ ba: attribute, bw: z.object({ S: z.string() }) });

const stateSchema = z.object({ at: attribute, lag: attribute, dp: attribute, ra: attribute });

export function dynamoHealthMemory(options: DynamoStoreOptions): HealthMemory {
  const access = dynamoAccess(toolsOf(options));
  return {
    async put(state) {
      const { pool, at, lagMs, droppedPublications, throttledTotal, failures, broken } = state;
      await access.put("health.put", {
        Item: {
          ...healthKey(pool),
          at: number(at),
          lag: number(lagMs),
          dp: number(droppedPublications),
          ra: number(throttledTotal),
          ...(failures !== undefined && {
            fs: number(failures.share),
            fd: number(failures.deviation),
            fc: number(failures.captures),
            fn: number(failures.minutes),
            fm: number(failures.minute),
            fa: number(failures.above),
          }),
          ...(broken !== undefined && { ba: number(broken.at), bw: text(broken.what) }),
        },
      });
    },

    async find(pool) {
      const item = await access.find("health.find", healthKey(pool));
      return item === undefined ? undefined : parseHealth(pool, item);
    },
  };
}

function parseHealth(pool: string, item: Item): HealthState | "unreadable" {
  const state = stateSchema.safeParse(item);
  const failures = item["fs"] === undefined ? undefined : failuresSchema.safeParse(item);
  const broken = item["ba"] === undefined ? undefined : brokenSchema.safeParse(item);
  if (!state.success || failures?.success === false || broken?.success === false)
    return "unreadable";
  const { at, lag, dp, ra } = state.data;
  return {
    pool,
    at: epochMs(at.N),
    lagMs: lag.N,
    droppedPublications: dp.N,
    throttledTotal: ra.N,
    failures: failures?.data && {
      share: failures.data.fs.N,
      deviation: failures.data.fd.N,
      captures: failures.data.fc.N,
      minutes: failures.data.fn.N,
      minute: failures.data.fm.N,
      above: failures.data.fa.N,
    },
    broken: broken?.data && { at: epochMs(broken.data.ba.N), what: broken.data.bw.S },
  };
}
