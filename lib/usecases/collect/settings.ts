/**
 * What a collector needs from outside, and the numbers that an operator may set.
 */
import { limits } from "#domain/limits.ts";
import type { LeaseId, Owner } from "#domain/lease.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { Ids } from "#ports/ids.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { Log } from "#ports/log.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { Probe } from "#ports/probe.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { SampleStore } from "#ports/sample-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";

export interface CollectSettings {
  readonly ttlMs: number;
  readonly heartbeatEveryMs: number;
  readonly skewMaxMs: number;
  readonly chunkEveryMs: number;
  readonly chunkBytesMax: number;
  readonly commitEveryMs: number;
  readonly lingerMs: number;
  readonly requestPollMs: number;
  /** Longest effective time-out that a target here may have: how early a release must come. */
  readonly longestTimeoutMs: number;
  /** Shortest time between two looks at what is due: fewer wake-ups against lateness. */
  readonly tickMs: number;
  /** Captures under way: as many as a probe may have sockets, so that none waits inside it. */
  readonly inFlightMax: number;
  readonly slotCacheBytesMax: number;
  readonly lateRateFloorPerSecond: number;
}

export const COLLECT_SETTINGS: CollectSettings = {
  ttlMs: limits.leaseTtlMs,
  heartbeatEveryMs: limits.heartbeatEveryMs,
  skewMaxMs: limits.skewMaxMs,
  chunkEveryMs: limits.chunkEveryMs,
  chunkBytesMax: limits.chunkBytesMax,
  commitEveryMs: limits.commitEveryMs,
  lingerMs: limits.lingerMs,
  requestPollMs: limits.requestPollMs,
  longestTimeoutMs: limits.timeoutMaxMs,
  tickMs: 2,
  inFlightMax: limits.socketsMax,
  slotCacheBytesMax: limits.slotCacheBytesMax,
  lateRateFloorPerSecond: limits.lateRateFloorPerSecond,
};

export interface CollectDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly leases: LeaseStore;
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
  readonly samples: SampleStore;
  readonly probe: Probe;
  readonly meter: CapacityMeter;
  readonly log: Log;
  /** How long this thread has been at work, in all; without it the work loop's own time is taken. */
  readonly busyMs?: () => number;
  readonly settings: CollectSettings;
}

export interface CollectInvocationContext {
  readonly pool: string;
  readonly lease: LeaseId;
  readonly owner: Owner;
  /** When the platform ends this invocation for good. */
  readonly deadlineAt: EpochMs;
  /** Aborted to ask for an early, orderly end: what is open gets a few seconds. */
  readonly stop: AbortSignal;
}

export type CollectEnding =
  /** Another invocation has the lease, or it is gone: nothing was done. */
  | "skipped"
  /** Nothing was due for a while. */
  | "idle"
  /** Its deadline came near. */
  | "deadline"
  | "stopped"
  /** Another owner took the lease; what was open is dropped. */
  | "lost"
  /** The loop failed; the lease runs out by itself. */
  | "failed";

export interface CollectReport {
  readonly ending: CollectEnding;
  readonly lease: LeaseId;
  readonly epoch: number;
  readonly captures: number;
  readonly failed: number;
  readonly missed: number;
  readonly late: number;
  readonly commits: number;
  /** Captures that were open at the end and are left to the next owner. */
  readonly abandoned: number;
  readonly readUnits: number;
  readonly writeUnits: number;
}
