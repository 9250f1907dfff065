import { expect, it } from "vitest";
import { DependencyError } from "#domain/errors.ts";
import { leaseId } from "#domain/lease.ts";
import { limits } from "#domain/limits.ts";
import { die, setStage } from "./stage.ts";

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
