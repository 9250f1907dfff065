/**
 * Looks at all records again and again, straight at the engine, and audits each look and what changed
 * since the one before. Remembers who had which slots when.
 *
 * Holds: a violation is kept with the two looks that show it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  AUDIT_LIMITS,
  auditInvariants,
  auditMonotone,
  type Look,
  type Violation,
} from "#domain/audit.ts";
import { slotsIn } from "#domain/range.ts";
import type { Slot } from "#domain/slot.ts";
import { lookAtPool } from "#test/support/look-at-pool.ts";
import type { Story } from "./story.ts";
import { POOL, type World } from "./world.ts";

export interface Found {
  readonly at: number;
  readonly violation: Violation;
}

export interface Watch {
  readonly looks: () => number;
  readonly found: readonly Found[];
  readonly last: () => Look;
  /** Slots that this lease had at any look within the last `sinceMs`. */
  slotsOf(lease: string, sinceMs: number): ReadonlySet<Slot>;
  /** Now, audited like every other. */
  look(): Promise<Look>;
  stop(): Promise<void>;
}

const EVERY_MS = 1_000;
/** The engine is restarted within seconds. */
const BLIND_MAX_MS = 30_000;
/** Looks whose tiling is checked again before it counts: a Query is not atomic. */
const TILING_AGAIN = 2;
/** Longer than what a giver keeps. */
const REMEMBERED_MS = 60_000;
/** Liveness is judged when all is healed, not while blows fall. */
const NOW_ONLY = { ...AUDIT_LIMITS, expiredMaxMs: Infinity, rebalanceMaxMs: Infinity };

export async function startWatch(world: World, story: Story): Promise<Watch> {
  const found: Found[] = [];
  const ranges: { readonly at: number; readonly slots: ReadonlyMap<string, readonly Slot[]> }[] =
    [];
  const ending = new AbortController();
  let looks = 0;
  let seenAt = Date.now();
  let turn: Promise<unknown> = Promise.resolve();
  let last = await lookAtPool(world.stores, POOL);

  /** One after the other: a look that began earlier must not come later. */
  function look(): Promise<Look> {
    const next = turn.then(lookNow);
    turn = next.catch(() => undefined);
    return next;
  }

  async function lookNow(): Promise<Look> {
    let next = await lookAtPool(world.stores, POOL);
    let violations = audit(last, next);
    for (let again = 0; again < TILING_AGAIN && violations.some(isTiling); again += 1) {
      next = await lookAtPool(world.stores, POOL);
      violations = audit(last, next);
    }
    for (const violation of violations) {
      found.push({ at: next.at, violation });
      const file = join(world.folder, `violation-${found.length}.json`);
      writeFileSync(file, JSON.stringify({ violation, before: last, after: next }, undefined, 1));
      story.tell(`DOESN'T HOLD  ${violation.invariant}: ${violation.what}`);
    }
    looks += 1;
    seenAt = Date.now();
    last = next;
    remember(next);
    return next;
  }

  function remember({ at, fleet }: Look): void {
    const { slotsLog2 } = fleet.fleet;
    const slots = fleet.leases.map(
      (lease) => [lease.id, slotsIn(lease.ranges, slotsLog2)] as const,
    );
    ranges.push({ at, slots: new Map(slots) });
    while ((ranges[0]?.at ?? at) < at - REMEMBERED_MS) ranges.shift();
  }

  async function watchOn(): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        await look();
      } catch (error) {
        if (Date.now() - seenAt > BLIND_MAX_MS) throw error;
      }
      await wait(EVERY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  }

  remember(last);
  const watching = watchOn();
  // Told by stop.
  watching.catch(() => undefined);
  return {
    looks: () => looks,
    found,
    last: () => last,
    slotsOf(lease, sinceMs) {
      const from = Date.now() - sinceMs;
      return new Set(ranges.filter(({ at }) => at >= from).flatMap(({ slots }) => slots.get(lease) ?? [])); // prettier-ignore
    },
    look,
    async stop() {
      ending.abort();
      await watching;
    },
  };
}

function audit(before: Look, after: Look): Violation[] {
  return [
    ...auditInvariants({ looks: [after], limits: NOW_ONLY }),
    ...auditMonotone(before, after),
  ];
}

function isTiling({ invariant }: Violation): boolean {
  return invariant === "tiling";
}
