/** What a health check needs, and the numbers it keeps to. */
import { AUDIT_LIMITS, type AuditLimits } from "#domain/audit.ts";
import type { EpochMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import type { ConfigurationStore } from "#ports/configuration-store.ts";
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
  readonly slotsAtOnce: number;
  /** A watermark that seems this far behind is looked at again, with its targets. */
  readonly suspectAfterMs: number;
  /** Slots a run whose targets are read: a pool that is down must not cost a scan. */
  readonly suspectsMax: number;
}

export const HEALTH_CHECK_SETTINGS: HealthCheckSettings = {
  audit: AUDIT_LIMITS,
  rotationMinutes: 30,
  slotsAtOnce: 8,
  suspectAfterMs: 30_000,
  suspectsMax: 16,
};

export interface HealthCheckDeps {
  readonly clock: Clock;
  readonly leases: LeaseStore;
  readonly schedules: ScheduleStore;
  readonly configuration: ConfigurationStore;
  readonly metrics: MetricSink;
  readonly meter: CapacityMeter;
  readonly log: Log;
  readonly steps: Steps;
  /** Outlives the run: watermarks as last seen. */
  readonly memory: SlotMemory;
  readonly settings: HealthCheckSettings;
}

export interface HealthCheckRun {
  readonly pool: string;
  readonly stop: AbortSignal;
  readonly deadlineAt: EpochMs;
}
