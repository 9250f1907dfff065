import { describe, expect, it } from "vitest";
import { manifest } from "#functions/manifest.ts";
import { cron, every } from "#domain/cadence.ts";
import { effectiveTimeoutMs, windowMs } from "#domain/instant.ts";
import { limits } from "#domain/limits.ts";
import { SLOTS_LOG2_MAX } from "#domain/slot.ts";

/** The longest that one store call takes, its attempts and its waits between them apart. */
const storeCallMs = limits.requestTimeoutMs;
const storeCallWithRetriesMs = limits.storeAttemptsMax * limits.requestTimeoutMs;
/** The longest that a giver keeps what is due before its cut. */
const keptAfterCutMs = limits.untilSlackMs + limits.timeoutMaxMs + limits.commitTimeMs;
/** From DynamoDB's quotas (2026-11). */
const dynamo = {
  itemBytes: 400 * 1024,
  sortKeyBytes: 1_024,
  batchItems: 25,
  batchBytes: 16 * 2 ** 20,
};
/** From Lambda's quotas (2026-11). */
const lambda = { timeoutMs: 900_000, descriptors: 1_024 };

describe("limits", () => {
  it("are positive whole numbers", () => {
    for (const [name, value] of Object.entries(limits)) {
      expect(Number.isSafeInteger(value) && value > 0, name).toBe(true);
    }
  });
});

describe("leases", () => {
  it("survive two lost heartbeats and a slow third", () => {
    expect(limits.leaseTtlMs).toBeGreaterThanOrEqual(3 * limits.heartbeatEveryMs + storeCallMs);
  });

  it("survive a heartbeat that takes all its attempts", () => {
    expect(limits.heartbeatEveryMs + storeCallWithRetriesMs).toBeLessThan(limits.leaseTtlMs);
  });

  it("are taken over within TTL + 2.5 s, with more than a second to start a collector", () => {
    expect(limits.skewMaxMs + 1_000).toBeLessThan(2_500 - 1_000);
  });

  it("allow for less skew than there is between two heartbeats", () => {
    expect(10 * limits.skewMaxMs).toBeLessThanOrEqual(limits.heartbeatEveryMs);
  });
});

describe("a range that kills", () => {
  it("is divided before it is quarantined, and the record keeps enough deaths to count to that", () => {
    expect(limits.deathsToDivide).toBeLessThan(limits.deathsToQuarantine);
    expect(limits.deathsKeptMax).toBeGreaterThanOrEqual(limits.deathsToQuarantine);
  });

  it("is divided in one run of the rebalancer, which adds and fills each ward", () => {
    expect(2 * limits.wardsMax).toBeLessThanOrEqual(limits.movesPerRunMax);
  });

  it("is found out while its deaths count: each takes a lease's time, a start, and the next round", () => {
    const deathMs = limits.leaseTtlMs + 2_500 + limits.rebalanceEveryMs;
    expect(limits.deathsToQuarantine * deathMs).toBeLessThan(limits.deathsWithinMs);
  });
});

describe("hand-over", () => {
  it("gives at a cut that the taker's next heartbeat comes before", () => {
    expect(limits.giveCutAheadMs).toBeGreaterThan(limits.heartbeatEveryMs);
  });

  it("releases at a cut that several polls of the successor come before", () => {
    expect(limits.releaseCutAheadMs).toBeGreaterThanOrEqual(5 * limits.successorPollMs);
  });

  it("gives a taker that isn't running longer than one that polls", () => {
    expect(limits.startCutAheadMs).toBeGreaterThan(limits.releaseCutAheadMs);
  });

  it("leaves a commit all its attempts", () => {
    expect(limits.commitTimeMs).toBeGreaterThanOrEqual(storeCallWithRetriesMs);
  });

  it("ends long before the owner's invocation does", () => {
    const giveUpAheadMs = limits.startCutAheadMs + keptAfterCutMs;
    expect(giveUpAheadMs).toBeLessThan(manifest.collect.timeoutMs / 4);
  });

  it("is waited for by a successor longer than a giver keeps anything", () => {
    expect(limits.successorWaitMaxMs).toBeGreaterThan(limits.startCutAheadMs + keptAfterCutMs);
    expect(limits.successorWaitMaxMs).toBeLessThan(manifest.collect.timeoutMs / 2);
  });
});

describe("a collector", () => {
  it("lingers long enough to read its requests twice", () => {
    expect(limits.lingerMs).toBeGreaterThanOrEqual(2 * limits.requestPollMs);
  });

  it("repeats at most 10 s of captures after a crash", () => {
    expect(limits.commitEveryMs).toBeLessThanOrEqual(10_000);
    expect(limits.chunkEveryMs).toBeLessThanOrEqual(limits.commitEveryMs / 5);
    expect(limits.chunkEveryObjectMs).toBeLessThanOrEqual(limits.commitEveryMs);
  });

  it("has time to put its last chunk again, when a put to an object store hangs, and to commit", () => {
    expect(limits.connectTimeoutMs + limits.objectRequestTimeoutMs).toBeLessThan(
      limits.commitTimeMs,
    );
    expect(
      limits.objectAttemptsMax * (limits.connectTimeoutMs + limits.objectRequestTimeoutMs),
    ).toBeLessThan(limits.leaseTtlMs);
  });

  it("leaves descriptors for the store, its chunks and its logs", () => {
    expect(limits.socketsMax).toBeLessThanOrEqual(lambda.descriptors - 200);
  });

  it("keeps its buffers in half of its memory", () => {
    // Of each of the two services that secrets are looked up in.
    const secretBytes = 2 * limits.secretsCachedMax * limits.secretBytesMax;
    const buffers =
      limits.slotCacheBytesMax +
      limits.chunkBacklogBytesMax +
      2 * limits.chunkBytesMax +
      secretBytes;
    expect(buffers).toBeLessThanOrEqual((manifest.collect.memoryMb * 2 ** 20) / 2);
    // What is being put is lines and their compressed form.
    expect(2 * limits.chunkPutsMax * limits.chunkBytesMax).toBeLessThanOrEqual(
      limits.chunkBacklogBytesMax,
    );
    expect(limits.chunkBacklogBytesMax).toBeGreaterThanOrEqual(4 * limits.chunkBytesMax);
  });
});

describe("secrets", () => {
  it("are asked for again long before they are too old to be used", () => {
    expect(limits.secretRefreshAfterMs + 3 * limits.secretFailureAgeMs).toBeLessThanOrEqual(
      limits.secretAgeMaxMs,
    );
  });

  it("are asked for again after a failure no sooner than a lookup may take", () => {
    expect(limits.secretFailureAgeMs).toBeGreaterThan(
      limits.storeAttemptsMax * (limits.connectTimeoutMs + limits.requestTimeoutMs),
    );
  });
});

describe("functions", () => {
  it("end by themselves before the platform ends them", () => {
    expect(limits.rebalancerStayMaxMs + 2 * storeCallWithRetriesMs).toBeLessThan(
      manifest.rebalance.timeoutMs,
    );
    expect(manifest.collect.timeoutMs).toBeLessThanOrEqual(lambda.timeoutMs);
  });

  it("a rebalancer stays until its successor has written its name, one late run included", () => {
    expect(manifest.rebalance.scheduleEveryMs).toBe(limits.rebalanceEveryMs);
    expect(limits.rebalancerStayMaxMs).toBeGreaterThan(2 * limits.rebalanceEveryMs);
  });

  it("a start is repeated only when a collector had time to start", () => {
    expect(limits.startRepeatMs).toBeGreaterThan(limits.startCutAheadMs);
    expect(limits.startRepeatMs).toBeLessThan(limits.leaseTtlMs);
  });

  it("health checks don't pile up", () => {
    expect(manifest["health-check"].timeoutMs).toBeLessThanOrEqual(
      manifest["health-check"].scheduleEveryMs,
    );
  });

  it("a publication that fails slowly leaves the health check half of its time", () => {
    const attemptMs = limits.connectTimeoutMs + limits.metricRequestTimeoutMs;
    expect(limits.metricRequestsMax * limits.metricAttemptsMax * attemptMs).toBeLessThan(
      manifest["health-check"].timeoutMs / 2,
    );
  });
});

describe("cadences and time-outs", () => {
  it("leave the shortest period more than the shortest time-out", () => {
    const shortest = every(limits.periodMinMs);
    for (const k of [0, 6, SLOTS_LOG2_MAX]) {
      expect(effectiveTimeoutMs(shortest, k, limits.timeoutMaxMs)).toBeGreaterThanOrEqual(
        limits.timeoutMinMs,
      );
    }
  });

  it("leave the widest cron spread room before the next minute", () => {
    const widest = cron("* * * * *", "UTC", limits.cronSpreadMaxMs);
    expect(windowMs(widest, 6) + effectiveTimeoutMs(widest, 6, limits.timeoutMaxMs)).toBeLessThan(
      60_000,
    );
  });
});

describe("store calls", () => {
  it("connect within the time of a request", () => {
    expect(limits.connectTimeoutMs).toBeLessThan(limits.requestTimeoutMs);
  });

  it("fit into what the store takes", () => {
    expect(limits.batchWriteItemsMax).toBeLessThanOrEqual(dynamo.batchItems);
    expect(limits.batchWriteItemsMax * limits.targetRecordBytesMax).toBeLessThan(dynamo.batchBytes);
    expect(limits.targetRecordBytesMax).toBeLessThan(dynamo.itemBytes);
    expect("target#".length + limits.targetIdBytesMax).toBeLessThanOrEqual(dynamo.sortKeyBytes);
    expect("schedule#cron::30000:".length + limits.cronCharsMax).toBeLessThanOrEqual(
      dynamo.sortKeyBytes,
    );
    // Ranges of a move are written twice 9 digits each, on both sides.
    expect(limits.rangesPerMoveMax * 2 * 20).toBeLessThan(dynamo.itemBytes / 4);
  });

  it("keep a request's record within one write unit: names are four bytes each", () => {
    expect(limits.requestIdsMax * 8).toBeLessThan(1_024);
  });

  it("leave half of a partition's write units to commits while registering", () => {
    expect(limits.registrationUnitsPerSecond).toBeLessThanOrEqual(1_000 / 2);
  });
});

describe("what is read in", () => {
  it("a line holds any record that is accepted", () => {
    expect(limits.targetLineBytesMax).toBeGreaterThan(limits.targetRecordBytesMax);
    expect(limits.endpointFileBytesMax).toBeGreaterThan(limits.targetRecordBytesMax);
  });
});
