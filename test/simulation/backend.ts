/** Where the records of a simulated world are, and how each process reaches them. */
import type { CapacityMeter } from "#ports/meter.ts";
import type { ConfigurationStore } from "#ports/configuration-store.ts";
import type { HealthMemory } from "#ports/health-memory.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { RequestStore } from "#ports/request-store.ts";
import type { ScheduleStore } from "#ports/schedule-store.ts";
import type { Random } from "#test/support/rehearsal-random.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Network } from "./store/network.ts";

export interface Stores {
  readonly leases: LeaseStore;
  readonly schedules: ScheduleStore;
  readonly requests: RequestStore;
  readonly configuration: ConfigurationStore;
  readonly health: HealthMemory;
}

export interface Reach {
  readonly process: SimulatedProcess;
  readonly network: Network;
  readonly random: Random;
  readonly meter: CapacityMeter;
}

export interface Backend {
  /** The stores as one process has them. */
  reach(reach: Reach): Stores;
  /** The same records at once and without faults: for checks. */
  readonly direct: Stores;
}
