import { beforeEach, describe, expect, it } from "vitest";
import { durationMs } from "#domain/units.ts";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { rehearsalClock, type RehearsalClock } from "./rehearsal-clock.ts";
import { rehearsalMetrics, type RehearsalMetrics } from "./rehearsal-metrics.ts";
import {
  rehearsalPlatform,
  type DeployedFunction,
  type Handler,
  type RehearsalPlatform,
} from "./rehearsal-platform.ts";
import { seededRandom } from "./rehearsal-random.ts";

const MINUTE_MS = 60_000;
const COLLECT = { kind: "function", function: "collect" } as const;

describe("the rehearsed platform", () => {
  let clock: RehearsalClock;
  let metrics: RehearsalMetrics;
  let platform: RehearsalPlatform;
  let handler: Handler;
  let beganAt: number[];
  let loads: number;

  function deployed(name: FunctionName): DeployedFunction {
    return {
      manifest: manifest[name],
      stopBeforeMs: 5_000,
      async: { retriesMax: 2, ageMaxMs: 180_000, hasDeadLetters: true },
      load: () => {
        loads += 1;
        return (invocation) => {
          beganAt.push(elapsed());
          return handler(invocation);
        };
      },
    };
  }

  const start = Date.parse("2026-11-21T12:00:00Z");
  const elapsed = (): number => clock.now() - start;
  const sums = (name: "Errors" | "Invocations"): number[] =>
    metrics
      .seen({ namespace: "AWS/Lambda", name, of: COLLECT })
      .map(({ values }) => values.reduce((sum, value) => sum + value, 0));
  const letters = (): number =>
    metrics
      .seen({
        namespace: "AWS/SQS",
        name: "ApproximateNumberOfMessagesVisible",
        of: { kind: "dead-letter-queue" },
      })
      .at(-1)?.values[0] ?? 0;

  beforeEach(() => {
    clock = rehearsalClock("2026-11-21T12:00:00Z");
    metrics = rehearsalMetrics(clock, seededRandom(1), { leastMs: 1_000, mostMs: 2_000 });
    beganAt = [];
    loads = 0;
    handler = () => Promise.resolve();
    platform = rehearsalPlatform({
      clock,
      random: seededRandom(2),
      metrics,
      functions: {
        rebalance: deployed("rebalance"),
        collect: deployed("collect"),
        "health-check": deployed("health-check"),
      },
      deadLettersKeptMs: 60 * MINUTE_MS,
    });
  });

  it("dates an invocation's metrics by its beginning and publishes them at its end", async () => {
    handler = ({ process }) =>
      new Promise((resolve) => process.clock.after(10 * MINUTE_MS, () => resolve(undefined)));
    platform.invokeAsync("collect", "1");
    await clock.advance(9 * MINUTE_MS);
    expect(sums("Invocations")).toEqual([]);
    await clock.advance(2 * MINUTE_MS);
    const [point] = metrics.seen({ namespace: "AWS/Lambda", name: "Invocations", of: COLLECT });
    expect((point?.at ?? 0) - start).toBeLessThan(MINUTE_MS);
    expect(sums("Errors")).toEqual([0]);
  });

  it("repeats what throws after one minute, and what is too old then is a dead letter", async () => {
    handler = () => Promise.reject(new Error("rehearsed"));
    platform.invokeAsync("collect", "1");
    await clock.advance(10 * MINUTE_MS);
    // The third would begin after 180 s: older than it may be.
    expect(beganAt).toHaveLength(2);
    expect((beganAt[1] ?? 0) - (beganAt[0] ?? 0)).toBeGreaterThanOrEqual(MINUTE_MS);
    expect(sums("Errors")).toEqual([1, 1]);
    await clock.advance(15 * MINUTE_MS);
    expect([platform.counts.dead, letters()]).toEqual([1, 1]);
    await clock.advance(60 * MINUTE_MS);
    expect(letters()).toBe(0);
  });

  it("ends an invocation when its time is over, which is an error; it was asked to stop before", async () => {
    const asked: number[] = [];
    handler = ({ stop }) =>
      new Promise(() => stop.addEventListener("abort", () => asked.push(elapsed())));
    platform.invokeAsync("collect", "1");
    await clock.advance(20 * MINUTE_MS);
    const { timeoutMs } = manifest.collect;
    expect((asked[0] ?? 0) - (beganAt[0] ?? 0)).toBe(timeoutMs - 5_000);
    expect(sums("Errors")).toEqual([1]);
    expect(platform.running("collect")).toEqual([]);
  });

  it("keeps events while there is no room, and runs them when there is", async () => {
    platform.faults.full.add("collect");
    platform.invokeAsync("collect", "1");
    await clock.advance(MINUTE_MS);
    expect(beganAt).toEqual([]);
    platform.faults.full.clear();
    await clock.advance(2 * MINUTE_MS);
    expect(beganAt).toHaveLength(1);
    expect(platform.counts.dead).toBe(0);
  });

  it("uses an environment again, until a deploy", async () => {
    const runOne = async (): Promise<number> => {
      platform.invokeAsync("collect", "1");
      await clock.advance(durationMs(10_000));
      return loads;
    };
    expect([await runOne(), await runOne()]).toEqual([1, 1]);
    platform.deploy();
    expect(await runOne()).toBe(2);
  });

  it("a process that crashed calls nothing any more", async () => {
    let beats = 0;
    handler = ({ process }) => {
      const beat = (): void => {
        beats += 1;
        process.clock.after(1_000, beat);
      };
      beat();
      return new Promise(() => undefined);
    };
    platform.invokeAsync("collect", "1");
    await clock.advance(10_000);
    for (const one of platform.running("collect")) one.crash();
    const before = beats;
    await clock.advance(30_000);
    expect([before > 5, beats]).toEqual([true, before]);
  });
});
