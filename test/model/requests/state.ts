/** One state of the world of requests: what the store holds, who is doing what, what was promised. */
import type { CadenceKey } from "#domain/cadence.ts";
import type { Lease, Owner } from "#domain/lease.ts";
import type { CaptureAsked, CaptureRequest } from "#domain/request.ts";
import type { CommitRequest, Schedule } from "#domain/schedule.ts";
import type { Target } from "#domain/target.ts";
import type { EpochMs } from "#domain/units.ts";
import type { RegistrationStep } from "#usecases/register-targets/slot-changes.ts";
import type { FrozenHold, FrozenWork } from "./frozen.ts";

export interface State {
  readonly now: EpochMs;
  readonly lease: Lease;
  /** By cadence. */
  readonly schedules: readonly Schedule[];
  /** By id. */
  readonly targets: readonly Target[];
  readonly request: CaptureRequest | undefined;
  readonly first: Collector;
  readonly second: Collector;
  readonly registration: Registration;
  readonly removal: Removal;
  readonly late: readonly LateWrite[];
  readonly kept: Kept;
  readonly started: Started;
  readonly promised: Promised;
  readonly budget: Budget;
}

export type CollectorName = "first" | "second";

/** A sample or a record of what was missed, not yet durable. */
export type Line =
  /** Named by its round. */
  | { readonly kind: "sample"; readonly due: string }
  | { readonly kind: "asked"; readonly id: string; readonly asks: number }
  /** Named by its instant. */
  | { readonly kind: "missed"; readonly due: string };

interface FlightOf {
  readonly key: CadenceKey;
  /** Of its entry, see frozen.ts. */
  readonly name: string;
  /** Its run was dropped. */
  readonly isStale: boolean;
}

export type FrozenFlight =
  | ({ readonly kind: "round"; readonly round: EpochMs } & FlightOf)
  /** With how often the target had been asked for when the capture began. */
  | ({ readonly kind: "request"; readonly asks: number } & FlightOf);

export interface Collector {
  readonly owner: Owner;
  /** Stopping: it takes up no more requests, and ends those that it has. Leaving: it has let go. */
  readonly phase: "waiting" | "owns" | "stopping" | "leaving" | "ended";
  readonly isPaused: boolean;
  /** As of the last renewal. */
  readonly lease: Lease | undefined;
  readonly hold: FrozenHold | undefined;
  /** A read must begin, for something was heard of after the last one began. */
  readonly mustRead: boolean;
  /** The first part of a read under way: schedules come before targets, or don't. */
  readonly reading: Reading | undefined;
  readonly work: FrozenWork | undefined;
  readonly flights: readonly FrozenFlight[];
  readonly lines: readonly Line[];
}

export interface Reading {
  readonly schedules?: readonly Schedule[];
  readonly targets?: readonly Target[];
}

/** An import of one definition; steps left of what the slot's read said. */
export type Registration =
  | { readonly kind: "idle"; readonly index: number; readonly touched: readonly CadenceKey[] }
  /** All is acknowledged. */
  | { readonly kind: "done" }
  | {
      readonly kind: "writing";
      readonly index: number;
      readonly touched: readonly CadenceKey[];
      readonly steps: readonly RegistrationStep[];
    };

export type Removal =
  | { readonly kind: "idle" }
  | { readonly kind: "done" }
  | { readonly kind: "removing"; readonly touches: readonly CadenceKey[] | undefined };

export type LateWrite =
  | { readonly kind: "commit"; readonly by: string; readonly request: CommitRequest }
  | { readonly kind: "put"; readonly request: CaptureAsked }
  | { readonly kind: "remove"; readonly request: CaptureRequest }
  | { readonly kind: "touch"; readonly step: RegistrationStep };

/** What is durable. */
export interface Kept {
  /** Sorted names. */
  readonly samples: readonly string[];
  /** Sorted names. */
  readonly missed: readonly string[];
  /** By id: how often it had been asked for when a durable capture of it, on request, began. */
  readonly served: Readonly<Record<string, number>>;
}

export interface Started {
  /** Sorted names of captures that somebody has started. */
  readonly captures: readonly string[];
  /** What was started twice in a run without a fault so far, or went wrong in a collector. */
  readonly wrong: string | undefined;
}

/** What users were told. */
export interface Promised {
  /** Acknowledged registrations: by id, which revision and when. */
  readonly registered: Readonly<Record<string, { readonly revision: string; readonly at: number }>>;
  /** How often each was asked for, acknowledged or not; and the last that was acknowledged. */
  readonly asks: Readonly<Record<string, number>>;
  readonly acknowledged: Readonly<Record<string, number>>;
}

export interface Budget {
  readonly faultsLeft: number;
  readonly faultsSoFar: number;
  readonly asksLeft: number;
  /** Stamps so far: each is used once. */
  readonly stamps: number;
}
