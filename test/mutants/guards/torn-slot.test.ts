/** Somebody registers between two pages of a slot's read: if it is too old, its revision shows it. */
import { expect, test } from "vitest";
import { cadenceKey } from "#domain/cadence.ts";
import type { Slot } from "#domain/slot.ts";
import type { Attempt, Fate } from "#test/simulation/store/index.ts";
import { simulatedStores } from "#test/simulation/store/simulated-stores.ts";
import { at } from "#test/support/leases.ts";
import { manyTargets, MINUTE, noopTarget } from "#test/support/targets.ts";

const POOL = "p";
const SLOT = 3 as Slot;
/** Longer than all that a registration writes takes, shorter than the client waits. */
const ON_ITS_WAY_MS = 900;
/** Comes before all others, in the first page. */
const NEW = noopTarget("a", POOL);

test("a target that a read of its slot lacks is one that the read's revision doesn't know of", async () => {
  let queries = 0;
  let registered: Promise<unknown> | undefined;
  function fate({ operation }: Attempt): Fate {
    if (operation !== "Query" || registered !== undefined) return { thereMs: 0, backMs: 0 };
    queries += 1;
    if (queries === 1) return { thereMs: 0, backMs: 0 };
    registered = register();
    return { thereMs: ON_ITS_WAY_MS, backMs: 0 };
  }
  const { schedules } = simulatedStores({ fate });
  const touch = { cadence: cadenceKey(MINUTE), wasEmpty: false };
  async function register(): Promise<void> {
    await schedules.putTargets(POOL, SLOT, [NEW]);
    await schedules.touchSchedule(POOL, SLOT, touch, at(1));
  }
  const tags = { filler: "x".repeat(900) };
  const known = manyTargets(1_400, POOL).map((target) => ({ ...target, tags }));
  await schedules.putTargets(POOL, SLOT, known);
  await schedules.touchSchedule(POOL, SLOT, { ...touch, wasEmpty: true }, at(0));

  const read = await schedules.readSlot(POOL, SLOT);
  await registered;
  expect(registered).toBeDefined();
  const stored = await schedules.readSlot(POOL, SLOT);
  expect(read.targets).toHaveLength(known.length);
  expect(stored.targets).toHaveLength(known.length + 1);
  const [then] = read.schedules;
  const [now] = stored.schedules;
  expect(then?.revision).toBe((now?.revision ?? 0) - 1);
});
