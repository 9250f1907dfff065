/** What a health check needs, and the numbers it keeps to. */
import { AUDIT_LIMITS, type AuditLimits } from "#domain/audit.ts";
import { limits } from "#domain/limits.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { ConfigurationStore } from "#ports/configuration-store.ts";
import type { HealthMemory } from "#ports/health-memory.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { Log } from "#ports/log.ts";
import type { CapacityMeter } from "#ports/meter.ts";
import type { MetricSink } from "#ports/metric-sink.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import type { Steps } from "#ports/steps.ts";
import type { SlotMemory } from "./slot-memory.ts";

export interface HealthCheckSettings {
  readonly audit: AuditLimits;
  /** Every slot is looked at once in so many minutes: twice an hour, so that a run may be left out. */
  readonly rotationMinutes: number;
  /**
   * How long a broken invariant that was found makes runs fail: until its slot has been looked at
   * again, so that what stays broken rings without a break, and what was seen once rings long enough.
   */
  readonly brokenForMs: number;
  /** So long after a minute's end, all heartbeats that tell of it must have come. */
  readonly toldAfterMs: number;
  readonly slotsAtOnce: number;
  /** A watermark that seems this far behind is looked at again, with its targets. */
  readonly suspectAfterMs: number;
  /** Slots a run whose targets are read: a pool that is down must not cost a scan. */
  readonly suspectsMax: number;
}

const ROTATION_MINUTES = 30;

export const HEALTH_CHECK_SETTINGS: HealthCheckSettings = {
  audit: AUDIT_LIMITS,
  rotationMinutes: ROTATION_MINUTES,
  brokenForMs: (ROTATION_MINUTES + 5) * 60_000,
  toldAfterMs: limits.heartbeatEveryMs + 1_000,
  slotsAtOnce: 8,
  suspectAfterMs: 30_000,
  suspectsMax: 16,
};

export interface HealthCheckDeps {
  readonly clock: Clock;
  readonly leases: LeaseStore;
  readonly schedules: ScheduleStore;
  readonly configuration: ConfigurationStore;
  /** Outlives the function's environment. */
  readonly health: HealthMemory;
  readonly metrics: MetricSink;
  readonly meter: CapacityMeter;
  readonly log: Log;
  readonly steps: Steps;
  /** Outlives the run, not the environment: watermarks as last seen. */
  readonly memory: SlotMemory;
  readonly settings: HealthCheckSettings;
}

export interface HealthCheckRun {
  readonly pool: string;
  readonly stop: AbortSignal;
  readonly deadlineAt: EpochMs;
}
