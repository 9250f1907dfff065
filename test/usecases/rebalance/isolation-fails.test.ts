import { expect, it } from "vitest";
import { DependencyError } from "#domain/errors.ts";
import { leaseId, type Owner } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { after } from "#domain/units.ts";
import { POOL, setStage, type Stage } from "./stage.ts";

/** Takes the first lease and is never heard again. */
async function die(stage: Stage, owner: string): Promise<void> {
  const now = stage.clock.now();
  const taken = await stage.leases.acquire({
    pool: POOL,
    id: leaseId(1),
    owner: owner as Owner,
    now,
    ttlMs: limits.leaseTtlMs,
    skewMaxMs: limits.skewMaxMs,
    deadlineAt: after(now, 900_000),
    deathsWithinMs: limits.deathsWithinMs,
  });
  expect(taken.kind).toBe("acquired");
}

it("starts the other leases' collectors though a lease that kills can't be divided", async () => {
  const stage = await setStage({ leases: 2, nextDueMs: 30_000 });
  await die(stage, "first");
  await stage.clock.advance(limits.leaseTtlMs + limits.skewMaxMs);
  await die(stage, "second");
  let tries = 0;
  const leases = {
    ...stage.leases,
    addLease: () => {
      tries += 1;
      return Promise.reject(new DependencyError("lease.add: no answer", { retryable: true }));
    },
  };
  const run = stage.run("a", { leases, deadlineMs: 60_000 });
  await stage.clock.advance(60_000);
  await run;
  expect(tries).toBeGreaterThan(1);
  // Each half a second at most.
  expect(tries).toBeLessThan(120);
  const [start, ...others] = stage.starts;
  expect(others).toEqual([]);
  expect(start?.lease).toBe(leaseId(2));
  expect(start?.at).toBeLessThanOrEqual(30_000);
});
