/**
 * What the health check remembers, in a partition of its own in the `leases` table, so that reading
 * the fleet doesn't pay for it.
 *
 *     at   when it was written          ra   rebalancers' throttled calls, as published
 *     lag  the lag found, ms            ru   rebalancers' units, as published: maybe
 *     dp   dropped publications         fs, fd, fc, fn, fm, fa   failures: share, deviation, captures
 *                                       a window, windows learnt, newest minute, windows above in a
 *                                       row; all of them, or none
 *                                  fw   minutes not learnt yet, minute:captures/failed,… where the
 *                                       first minute counts from the epoch, the others from the one
 *                                       before: maybe
 *     ba   when something was found broken   bw   what; both, or none
 *
 * Versions of the code run side by side during a deployment: what one adds, the others leave out and
 * do without.
 *
 * Holds: one record of less than 1 KB: a read unit and a write unit a minute.
 * Fails: DependencyError.
 * Contract: test/contracts/health-memory.contract.ts
 */
import * as z from "zod";
import type { CapturedMinute } from "#domain/failures-window.ts";
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

const stateSchema = z.object({
  at: attribute,
  lag: attribute,
  dp: attribute,
  ra: attribute,
  ru: attribute.optional(),
});

export function dynamoHealthMemory(options: DynamoStoreOptions): HealthMemory {
  const access = dynamoAccess(toolsOf(options));
  return {
    async put(state) {
      const { pool, at, lagMs, droppedPublications, throttledTotal, broken } = state;
      const { rebalancersUnits, failures } = state;
      const { normal, recent } = failures;
      await access.put("health.put", {
        Item: {
          ...healthKey(pool),
          at: number(at),
          lag: number(lagMs),
          dp: number(droppedPublications),
          ra: number(throttledTotal),
          ...(rebalancersUnits !== undefined && { ru: number(rebalancersUnits) }),
          ...(normal !== undefined && {
            fs: number(normal.share),
            fd: number(normal.deviation),
            fc: number(normal.captures),
            fn: number(normal.minutes),
            fm: number(normal.minute),
            fa: number(normal.above),
          }),
          ...(recent.length > 0 && { fw: text(formatMinutes(recent)) }),
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
  const normal = item["fs"] === undefined ? undefined : failuresSchema.safeParse(item);
  const broken = item["ba"] === undefined ? undefined : brokenSchema.safeParse(item);
  if (!state.success || normal?.success === false || broken?.success === false) return "unreadable";
  const { at, lag, dp, ra, ru } = state.data;
  return {
    pool,
    at: epochMs(at.N),
    lagMs: lag.N,
    droppedPublications: dp.N,
    throttledTotal: ra.N,
    rebalancersUnits: ru?.N,
    failures: {
      normal: normal?.data && {
        share: normal.data.fs.N,
        deviation: normal.data.fd.N,
        captures: normal.data.fc.N,
        minutes: normal.data.fn.N,
        minute: normal.data.fm.N,
        above: normal.data.fa.N,
      },
      recent: parseMinutes(item["fw"]?.S),
    },
    broken: broken?.data && { at: epochMs(broken.data.ba.N), what: broken.data.bw.S },
  };
}

function formatMinutes(recent: readonly CapturedMinute[]): string {
  return recent
    .map(({ minute, captures, failed }, n) => {
      return `${minute - (recent[n - 1]?.minute ?? 0)}:${captures}/${failed}`;
    })
    .join(",");
}

/** None when it is written in another way: they come again within half an hour. */
function parseMinutes(written: string | undefined): readonly CapturedMinute[] {
  if (written === undefined) return [];
  const recent: CapturedMinute[] = [];
  for (const part of written.split(",")) {
    const match = /^(\d+):(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/u.exec(part);
    if (match === null) return [];
    const [, after, captures, failed] = match.map(Number);
    if (after === undefined || captures === undefined || failed === undefined) return [];
    recent.push({ minute: (recent.at(-1)?.minute ?? 0) + after, captures, failed });
  }
  return recent;
}
