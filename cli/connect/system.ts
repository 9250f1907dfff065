/**
 * The system that a command works on.
 */
import type { Policies } from "#domain/policy.ts";
import type { Clock } from "#ports/clock.ts";
import type { ConfigurationStore } from "#ports/configuration-store.ts";
import type { Ids } from "#ports/ids.ts";
import type { Invoker } from "#ports/invoker.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { Log } from "#ports/log.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { SampleStore } from "#ports/sample-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";

export interface System {
  readonly pool: string;
  readonly slotsLog2: number;
  /** What policies mean here: a definition that names one gets its cadence from them. */
  readonly policies: Policies;
  /** Whether its functions run: else what is registered is captured when it is started. */
  readonly isRunning: boolean;
  readonly leases: LeaseStore;
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
  readonly samples: SampleStore;
  /** Where the health check reads how much of the configuration was refused. */
  readonly configuration: ConfigurationStore;
  /** undefined while nothing runs. */
  readonly invoker?: Invoker;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  close(): Promise<void>;
}
