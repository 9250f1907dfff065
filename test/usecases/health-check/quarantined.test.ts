import { describe, expect, it } from "vitest";
import { leaseId } from "#domain/lease.ts";
import { after } from "#domain/units.ts";
import { POOL, setStage } from "./stage.ts";

async function shut(stage: Awaited<ReturnType<typeof setStage>>): Promise<void> {
  const now = stage.clock.now();
  const result = await stage.leases.quarantine({
    ...{ pool: POOL, id: leaseId(2), version: 1, now, until: after(now, 900_000) },
    ...{ skewMaxMs: 100, deathsWithinMs: 900_000 },
  });
  if (result.kind !== "quarantined") throw new Error(result.why);
}

describe("healthCheck, of what is quarantined", () => {
  it("counts its slots as orphaned, and lag since they are open", async () => {
    const stage = await setStage();
    await stage.own(1);
    await shut(stage);
    await stage.clock.advance(5_000);
    await stage.own(1);
    const { metrics, violations } = await stage.check();
    expect(metrics).toMatchObject({ OrphanedSlots: 32, CollectorsRunning: 1 });
    expect(metrics.CollectionLag).toBeGreaterThanOrEqual(5_000);
    expect(violations).toEqual([]);
  });

  it("says each minute which lease and ranges, how many died, until when, and what to do", async () => {
    const stage = await setStage();
    await stage.own(1);
    await shut(stage);
    await stage.check();
    const errors = stage.log.lines.filter(({ level }) => level === "error");
    expect(errors).toMatchObject([
      {
        event: "a range that killed its collectors is quarantined: its targets aren't captured",
        fields: {
          lease: "0002",
          ranges: "80000000-100000000",
          slots: 32,
          until: "2026-11-21T13:15:30.000Z",
          next: "then one collector tries it again; `lamplighter leases lift 0002` does so at once; see the runbook, OrphanedSlots",
        },
      },
    ]);
    await stage.clock.advance(60_000);
    await stage.own(1);
    await stage.check();
    expect(stage.log.lines.filter(({ level }) => level === "error")).toHaveLength(2);
  });
});
