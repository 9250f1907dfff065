/**
 * What lies between processes and what they call, and how bad it is at the moment.
 *
 * Holds: each fate is drawn from the process's own source, so that one process's calls don't shift
 *        what another sees; the weather is the world's, and faults change it while time passes.
 */
import type { Random } from "#test/support/rehearsal-random.ts";
import type { Counts } from "./counts.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Attempt, Fate, Fault, Network } from "./store/network.ts";
import type { Trace } from "./trace.ts";

export interface Weather {
  /** Usual milliseconds one way. */
  oneWayMs: number;
  /** Share of attempts that take up to a hundred times as long. */
  slowShare: number;
  /** Share of attempts that something happens to. */
  faultShare: number;
  /** How late a late write may land. */
  lateMsMax: number;
  /** Nothing reaches the store. */
  isOut: boolean;
  /** Processes whose calls reach nothing, by name. */
  readonly cutOff: Set<string>;
  /** Share of puts into the chunk store that fail, and how. */
  chunkFaultShare: number;
  isChunkStoreFull: boolean;
  chunkSlowMs: number;
  /** Shares of asynchronous invocations. */
  duplicateShare: number;
  lateShare: number;
  refusedInvocations: number;
}

export function calm(): Weather {
  return {
    oneWayMs: 2,
    slowShare: 0.002,
    faultShare: 0,
    lateMsMax: 0,
    isOut: false,
    cutOff: new Set(),
    chunkFaultShare: 0,
    isChunkStoreFull: false,
    chunkSlowMs: 0,
    duplicateShare: 0,
    lateShare: 0,
    refusedInvocations: 0,
  };
}

/** By weight: half of what goes wrong was applied. */
const FAULTS: readonly (readonly [Fault, number])[] = [
  ["answerLost", 0.4],
  ["answerHeld", 0.1],
  ["lost", 0.12],
  ["refused", 0.12],
  ["late", 0.08],
  ["failed", 0.06],
  ["throttled", 0.06],
  ["conflict", 0.06],
];

export interface WeatherDeps {
  readonly weather: Weather;
  readonly counts: Counts;
  readonly trace: Trace;
  readonly now: () => number;
}

export function oneWay(weather: Weather, random: Random): number {
  const { oneWayMs, slowShare } = weather;
  const usual = oneWayMs * (0.5 + random());
  return random() < slowShare ? usual * (1 + 99 * random()) : usual;
}

/** What becomes of a process's attempts to reach the store. */
export function stormyNetwork(
  { weather, counts, trace, now }: WeatherDeps,
  process: SimulatedProcess,
  random: Random,
): Network {
  function faultOf(): Fault | undefined {
    if (weather.isOut) return random() < 0.5 ? "refused" : "lost";
    if (weather.cutOff.has(process.name)) return random() < 0.2 ? "answerHeld" : "lost";
    if (weather.faultShare === 0 || random() >= weather.faultShare) return undefined;
    let drawn = random();
    for (const [fault, weight] of FAULTS) {
      drawn -= weight;
      if (drawn < 0) return fault;
    }
    return "lost";
  }

  return {
    fate({ operation, partitions, attempt }: Attempt): Fate {
      const thereMs = oneWay(weather, random);
      const backMs = oneWay(weather, random);
      const fault = faultOf();
      if (attempt > 1) trace.note(now(), process.name, "tries again:", operation);
      else trace.note(now(), process.name, operation, partitions[0] ?? "");
      if (fault === undefined) return { thereMs, backMs };
      trace.note(now(), process.name, `fault: ${fault}`, operation);
      if (fault === "answerLost" || fault === "answerHeld") counts.add("lost answers");
      else if (fault === "late") counts.add("late writes");
      else if (fault === "conflict") counts.add("conflicts");
      else if (fault === "throttled") counts.add("throttles");
      else counts.add("lost requests");
      if (fault === "late") {
        // Most within seconds, some when nobody remembers them.
        const span = weather.lateMsMax * random() ** 3;
        return { thereMs: 1_000 + span, backMs, fault };
      }
      return { thereMs, backMs, fault };
    },
    deliver: (wake) => {
      process.deliver(wake);
    },
  };
}
