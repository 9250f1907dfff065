/** What a collector tells of its own lag while the slots behind it are being read again. */
import { expect, it } from "vitest";
import { every } from "#domain/cadence.ts";
import { DependencyError } from "#domain/errors.ts";
import { leaseId } from "#domain/lease.ts";
import { collectorWorld, noopTarget, POOL } from "#test/support/collector-world.ts";

it("tells no lag of 0 between a lost chunk and reading its slots again", async () => {
  const world = await collectorWorld({ slotsLog2: 1 });
  await world.register(
    Array.from({ length: 6 }, (_, index) => noopTarget(`t-${index}`, every(5_000))),
  );
  const samples = {
    ...world.samples,
    put: () => Promise.reject(new DependencyError("full", { retryable: true })),
  };
  const stop = new AbortController();
  const { done } = world.start(1, { deps: { samples }, stop: stop.signal });
  const told: number[] = [];
  for (let second = 0; second < 120; second += 1) {
    await world.clock.advance(1_000);
    const lease = await world.leases.findLease(POOL, leaseId(1));
    told.push(lease?.progress?.lagMs ?? 0);
  }
  stop.abort();
  await world.clock.advance(120_000);
  await done;
  const settled = told.slice(30);
  expect(Math.min(...settled)).toBeGreaterThan(15_000);
  expect(settled).toEqual(settled.toSorted((a, b) => a - b));
});
