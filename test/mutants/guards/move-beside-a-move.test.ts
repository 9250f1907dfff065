/** Another's move lands between a move's read and its write: what that one has taken isn't given twice. */
import { expect, test } from "vitest";
import { leaseId, newLease } from "#domain/lease.ts";
import { tiling } from "#domain/range.ts";
import type { Attempt, Fate } from "#test/simulation/store/index.ts";
import { simulatedStores } from "#test/simulation/store/simulated-stores.ts";
import { at, Q, requestsIn, T0, twoLeases } from "#test/support/leases.ts";

const POOL = "p";
const THREE = leaseId(3);
/** Longer than the other's reads and its write, shorter than the client waits for an answer. */
const ON_ITS_WAY_MS = 500;

test("a move is refused when its giver has lost other ranges since it was read", async () => {
  let between: (() => void) | undefined;
  function fate({ operation }: Attempt): Fate {
    if (operation !== "TransactWriteItems" || between === undefined)
      return { thereMs: 0, backMs: 0 };
    const begin = between;
    between = undefined;
    begin();
    return { thereMs: ON_ITS_WAY_MS, backMs: 0 };
  }
  const { leases } = simulatedStores({ fate });
  const { fleet, leases: two } = twoLeases(POOL);
  await leases.found({ fleet, leases: [...two, newLease(POOL, THREE, [], T0)] });
  const ask = requestsIn(POOL);

  let other: Promise<unknown> | undefined;
  between = () => {
    other = leases.move({ ...ask.move([1, 1], [Q[1]], at(1)), to: THREE });
  };
  const result = await leases.move(ask.move([1, 1], [Q[0]], at(1)));

  expect(await other).toMatchObject({ kind: "moved" });
  expect(result).toEqual({ kind: "refused", why: "version" });
  const ranges = (await leases.readFleet(POOL))?.leases.map((lease) => lease.ranges) ?? [];
  expect(tiling(ranges)).toEqual({ kind: "tiles" });
});
