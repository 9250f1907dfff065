/**
 * What can go wrong with a pool, and exactly which alarms it rings, and within how many minutes.
 *
 * First every alarm's own incident, which rings it and nothing else; then incidents that by their
 * nature ring several; then what must ring none.
 *
 * All begin two minutes after a hand-over: the next is eleven minutes away.
 */
import type { AlarmId } from "#domain/alarm/definition.ts";
import { every } from "#domain/cadence.ts";
import type { FunctionName } from "#functions/manifest.ts";
import { liftQuarantine } from "#usecases/lift-quarantine.ts";
import type { Incident } from "#test/support/rehearsal-incident.ts";
import { target, type RehearsalWorld } from "#test/support/rehearsal-world.ts";

/** How long CollectErrors looks back, and a collector's life until its errors are published. */
const CRASHES_FORGOTTEN_MIN = 47;
/** A queue that was not in use is reported up to a quarter of an hour later. */
const LETTERS_MIN = 26;
/** Targets of an incident of load: many small captures queue more evenly than few large ones. */
const MANY = 4_096;

/** Each rings the alarm that it is listed under, and no other. */
export const OWN_INCIDENTS: Readonly<Record<AlarmId, Incident>> = {
  CollectionLag: {
    name: "commits are denied: a role has lost a permission",
    lastsMin: 10,
    rings: { CollectionLag: 7 },
    overWithinMin: 5,
    begin: ({ faults }) => {
      faults.areCommitsDenied = true;
    },
    end: ({ faults }) => {
      faults.areCommitsDenied = false;
    },
  },
  OrphanedSlots: {
    name: "collectors take three minutes to start, at a hand-over",
    // Or the slots' lag would be alarmed as well, a minute later.
    context: { waitMultiplier: "2" },
    lastsMin: 9,
    rings: { OrphanedSlots: 6 },
    overWithinMin: 0,
    begin(world) {
      world.platform.faults.slow.set("collect", 190_000);
      world.deploy();
      stopCollectors(world);
    },
    end: ({ platform }) => void platform.faults.slow.delete("collect"),
  },
  RebalancerSilent: unscheduled("the rebalancer is stopped", ["rebalance"], {
    RebalancerSilent: 8,
  }),
  HealthCheckSilent: unscheduled("the health check is stopped", ["health-check"], {
    HealthCheckSilent: 8,
  }),
  Overload: loadDoubles("the load doubles, and collectors just keep up", 0.42, { Overload: 8 }),
  StartLateness: {
    name: "collectors' threads stand still for 0.8 s, again and again",
    lastsMin: 12,
    rings: { StartLateness: 8 },
    overWithinMin: 7,
    begin: ({ stall }) => stall({ everyMs: 1_000, ms: 800 }),
    end: ({ stall }) => stall(undefined),
  },
  // Five minutes in a row, and a minute that tells of none begins the row anew: 5.1 to 8.1 by the seed.
  ThrottledStore: throttled("the store throttles every seventh attempt", 0.15, {
    ThrottledStore: 9,
  }),
  FailuresAboveNormal: {
    name: "half of the targets fail",
    // What is normal has to be learnt first.
    healthyMin: 25,
    lastsMin: 12,
    rings: { FailuresAboveNormal: 8 },
    overWithinMin: 6,
    begin: ({ faults }) => {
      faults.failingShare = 0.5;
    },
    end: ({ faults }) => {
      faults.failingShare = 0;
    },
  },
  RefusedConfiguration: {
    name: "a bad file",
    lastsMin: 10,
    rings: { RefusedConfiguration: 6 },
    overWithinMin: 4,
    begin: (world) => writeConfiguration(world, 1),
    end: (world) => writeConfiguration(world, 0),
  },
  DeadLetters: {
    name: "starts by hand, while there is no room for collectors",
    lastsMin: 22,
    rings: { DeadLetters: LETTERS_MIN },
    overWithinMin: 5,
    begin({ clock, platform }) {
      platform.faults.full.add("collect");
      for (let start = 0; start < 3; start += 1) platform.invokeAsync("collect", "1");
      clock.after(5 * 60_000, () => void platform.faults.full.delete("collect"));
    },
    end: () => undefined,
  },
  RebalanceErrors: throwing("two of three runs of the rebalancer throw", "rebalance", 0.67, {
    RebalanceErrors: 8,
  }),
  CollectErrors: {
    ...throwing("for half a minute collectors throw when they start", "collect", 1, {
      CollectErrors: 5,
    }),
    // Its quarters slide: one without data makes an older one count for some minutes more.
    mayRingAgain: ["CollectErrors"],
    overWithinMin: CRASHES_FORGOTTEN_MIN,
    begin(world) {
      const { clock, platform } = world;
      platform.faults.throwing.set("collect", 1);
      stopCollectors(world);
      clock.after(30_000, () => platform.faults.throwing.clear());
    },
  },
  HealthCheckErrors: throwing("two of three runs of the health check throw", "health-check", 0.67, {
    HealthCheckErrors: 8,
  }),
};

/** Each rings all that are listed, and no other. */
export const WIDER_INCIDENTS: readonly Incident[] = [
  {
    name: "the sample store refuses chunks",
    lastsMin: 10,
    rings: { CollectionLag: 10 },
    overWithinMin: 5,
    begin: ({ faults }) => {
      faults.isSampleStoreFull = true;
    },
    end: ({ faults }) => {
      faults.isSampleStoreFull = false;
    },
  },
  {
    name: "collectors are killed, again and again",
    lastsMin: 12,
    rings: { CollectErrors: 3, CollectionLag: 9, DeadLetters: LETTERS_MIN },
    mayRing: ["StartLateness"],
    mayRingAgain: ["StartLateness", "CollectErrors"],
    overWithinMin: CRASHES_FORGOTTEN_MIN,
    begin({ clock, platform }) {
      const kill = (again: number): void => {
        for (const one of platform.running("collect")) one.crash();
        if (again > 0) clock.after(5_000, () => kill(again - 1));
      };
      kill((12 * 60) / 5);
    },
    end: () => undefined,
  },
  {
    name: "a range kills every collector that takes it, until somebody mends it and lifts the quarantine",
    options: { targets: 1_024 },
    context: { collectors: "4", slots: "64" },
    lastsMin: 12,
    // Three collectors die; from then on nobody captures the slot, which is due.
    rings: { CollectErrors: 5, OrphanedSlots: 6, CollectionLag: 8 },
    mayRingAgain: ["CollectErrors"],
    overWithinMin: CRASHES_FORGOTTEN_MIN,
    begin: ({ faults }) => {
      faults.killing = new Set(["target-7"]);
    },
    async end({ faults, pool, stores: { leases } }) {
      faults.killing = new Set();
      const shut = (await leases.readFleet(pool))?.leases.find((lease) => lease.quarantine);
      if (shut !== undefined) await liftQuarantine({ leases }, pool, shut.id);
    },
  },
  {
    name: "no room for collectors for ten minutes",
    lastsMin: 10,
    rings: { OrphanedSlots: 5, CollectionLag: 7, DeadLetters: LETTERS_MIN },
    overWithinMin: 20,
    begin(world) {
      world.platform.faults.full.add("collect");
      stopCollectors(world);
    },
    end: ({ platform }) => void platform.faults.full.delete("collect"),
  },
  {
    ...unscheduled("the rebalancer is stopped, and nobody comes", ["rebalance"], {
      RebalancerSilent: 8,
      OrphanedSlots: 18,
      CollectionLag: 20,
    }),
    lastsMin: 30,
  },
  throwing("every run of the health check throws", "health-check", 1, {
    HealthCheckErrors: 8,
    HealthCheckSilent: 8,
  }),
  {
    ...throttled("the store throttles half of all attempts", 0.5, {
      ThrottledStore: 9,
    }),
    mayRing: ["HealthCheckErrors", "HealthCheckSilent", "RebalanceErrors"],
    // In some minutes the health check itself is throttled for good, and publishes nothing.
    mayRingAgain: ["ThrottledStore"],
  },
  {
    ...throttled("the store answers nothing", 1, {
      RebalanceErrors: 8,
      HealthCheckErrors: 8,
      HealthCheckSilent: 8,
    }),
    // Once somebody looks again, it is seen what was not done meanwhile.
    mayRing: ["CollectionLag", "OrphanedSlots", "ThrottledStore"],
    mayRingAgain: ["ThrottledStore"],
    overWithinMin: 20,
  },
  loadDoubles(
    "the load doubles, beyond what the collectors can do",
    0.65,
    { Overload: 8, StartLateness: 9 },
    MANY / 4,
  ),
  {
    ...unscheduled("everything is silent", ["rebalance", "health-check"], {
      RebalancerSilent: 8,
      HealthCheckSilent: 8,
    }),
    // What was not done meanwhile is seen when somebody looks again.
    mayRing: ["CollectionLag", "OrphanedSlots"],
    begin({ platform }) {
      for (const name of ["rebalance", "health-check", "collect"] as const) {
        platform.faults.unscheduled.add(name);
        for (const one of platform.running(name)) one.process.kill();
      }
    },
  },
];

/** The alarms are there before the first data: silence is all that they know. */
export const FIRST_DEPLOY: Incident = {
  name: "the very first deployment",
  isFirstDeploy: true,
  lastsMin: 10,
  rings: { RebalancerSilent: 2, HealthCheckSilent: 2 },
  overWithinMin: 0,
  begin: () => undefined,
  end: () => undefined,
};

/** No minute of it has captures enough to tell trouble from chance. */
export const SMALL_POOL: Incident = {
  name: "all three targets of a pool fail",
  options: { targets: 3 },
  context: { collectors: "1", slots: "4" },
  // Windows of a quarter of an hour, and the next that have no minute in common with them.
  healthyMin: 55,
  lastsMin: 40,
  rings: { FailuresAboveNormal: 13 },
  overWithinMin: 8,
  begin: ({ faults }) => {
    faults.failingShare = 1;
  },
  end: ({ faults }) => {
    faults.failingShare = 0;
  },
};

/** What heals by itself, or isn't wrong at all. */
export const HARMLESS: readonly Incident[] = [
  harmless("one collector is killed", ({ platform }) => platform.running("collect")[0]?.crash()),
  harmless("all collectors are killed at once", ({ platform }) => {
    for (const one of platform.running("collect")) one.crash();
  }),
  harmless("all functions are deployed anew", ({ deploy }) => deploy()),
  harmless("a deploy wants one more collector", ({ deploy }) => deploy(3)),
  harmless("a deploy wants one collector less", ({ deploy }) => deploy(1)),
  harmless("a minute of metrics is lost", ({ metrics }) => metrics.loseFor(60_000)),
  harmless("a run of the rebalancer and one of the health check are left out", (world) => {
    const { clock, platform } = world;
    const { unscheduled: missing } = platform.faults;
    missing.add("rebalance").add("health-check");
    clock.after(60_000, () => missing.clear());
  }),
  harmless("one run of the health check throws", ({ platform, clock }) => {
    platform.faults.throwing.set("health-check", 1);
    clock.after(60_000, () => platform.faults.throwing.delete("health-check"));
  }),
];

function harmless(name: string, begin: Incident["begin"]): Incident {
  return { name, lastsMin: 10, rings: {}, overWithinMin: 0, begin, end: () => undefined };
}

function unscheduled(
  name: string,
  functions: readonly FunctionName[],
  rings: Incident["rings"],
): Incident {
  return {
    name,
    lastsMin: 9,
    rings,
    overWithinMin: 5,
    begin({ platform }) {
      for (const each of functions) platform.faults.unscheduled.add(each);
    },
    end: ({ platform }) => platform.faults.unscheduled.clear(),
  };
}

function throwing(
  name: string,
  its: FunctionName,
  share: number,
  rings: Incident["rings"],
): Incident {
  return {
    name,
    lastsMin: 9,
    rings,
    overWithinMin: 7,
    begin: ({ platform }) => void platform.faults.throwing.set(its, share),
    end: ({ platform }) => platform.faults.throwing.clear(),
  };
}

function throttled(name: string, share: number, rings: Incident["rings"]): Incident {
  return {
    name,
    lastsMin: 10,
    rings,
    overWithinMin: 8,
    begin: ({ faults }) => {
      faults.throttledShare = share;
    },
    end: ({ faults }) => {
      faults.throttledShare = 0;
    },
  };
}

/** @param busyShare of each collector's thread, before it doubles. */
function loadDoubles(
  name: string,
  busyShare: number,
  rings: Incident["rings"],
  targets: number = MANY,
): Incident {
  const captureCostMs = (busyShare * 60_000 * 2) / targets;
  return {
    name,
    options: { targets, captureCostMs },
    context: { slots: "64" },
    lastsMin: 12,
    rings,
    overWithinMin: 8,
    begin: (world) => addTargets(world, targets),
    end({ faults }) {
      faults.captureCostMs = captureCostMs / 2;
    },
  };
}

function stopCollectors({ platform }: RehearsalWorld): void {
  for (const one of platform.running("collect")) one.askToStop();
}

/** Registering takes a moment. */
async function addTargets(world: RehearsalWorld, count: number): Promise<void> {
  const cadence = every(60_000);
  const added = Array.from({ length: count }, (_, index) => target(100_000 + index, cadence));
  await world.register(added);
}

async function writeConfiguration(
  { clock, pool, stores }: RehearsalWorld,
  refused: number,
): Promise<void> {
  await stores.configuration.put({
    pool,
    readAt: clock.now(),
    accepted: 3,
    refused,
    problems: refused === 0 ? [] : ["web.yml:12:5: found 5 parsecs, expected a duration"],
  });
}
