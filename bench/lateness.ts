/**
 * Start lateness of 10,000 targets every 10 s, against each target's own instant, by the target
 * server's log, with one planned hand-over in the measured time.
 *
 *     npm run bench:lateness [-- --seconds 60] [-- --hanging 0.1]
 */
import { parseArgs } from "node:util";
import { setTimeout as wait } from "node:timers/promises";
import { every } from "#domain/cadence.ts";
import { BENCH_POOL, benchWorld, say } from "./support/bench-world.ts";
import { startCollector, type MeasuredCollector } from "./support/collectors.ts";
import { httpTarget } from "./support/http-targets.ts";
import { quantile, startTargetServer, verdict, type Expected } from "./support/target-log.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    hanging: { type: "string", default: "0" },
    targets: { type: "string", default: "10000" },
    collectors: { type: "string", default: "1" },
    profile: { type: "string" },
  },
});
const measuredMs = Number(values.seconds) * 1_000;
const hanging = Number(values.hanging);
const count = Number(values.targets);
const collectors = Number(values.collectors);
const slotsLog2 = 6;
const cadence = every(10_000);
const LONGEST_TIMEOUT_MS = 7_000;
/** What releaseAt leaves between letting go and the deadline, with that time-out. */
const FAREWELL_MS = 13_750;

const server = await startTargetServer();
const world = await benchWorld({ slotsLog2, collectors });
try {
  const expected: Expected[] = Array.from({ length: count }, (_, index) => ({
    index,
    id: `endpoint-${index}`,
    cadence,
  }));
  const isHanging = (index: number): boolean => index % 1_000 < hanging * 1_000;
  await world.register(
    expected.map(({ id, index }) =>
      httpTarget(id, `${server.origin}/${isHanging(index) ? "hang" : "t"}/${index}`, cadence),
    ),
  );
  console.log(
    `registered ${count} targets every 10 s; ${Math.round(hanging * 100)} % of them never answer`,
  );
  const order = {
    environment: world.environment,
    pool: BENCH_POOL,
    probe: "wired" as const,
    settings: { longestTimeoutMs: LONGEST_TIMEOUT_MS },
  };
  const settleMs = 25_000;
  const handOverMs = settleMs + measuredMs / 2;
  const running: MeasuredCollector[] = [];
  for (let lease = 1; lease <= collectors; lease += 1) {
    running.push(
      startCollector(
        { ...order, lease, deadlineInMs: lease === 1 ? handOverMs + FAREWELL_MS : 3_600_000 },
        values.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${values.profile}`],
      ),
    );
  }
  await wait(settleMs);
  const from = Date.now();
  const before = await Promise.all(running.map((collector) => collector.usage()));
  await wait(measuredMs / 2 - 4_000);
  const successor = startCollector({ ...order, lease: 1, deadlineInMs: 3_600_000 });
  await wait(measuredMs / 2 + 4_000);
  const to = Date.now();
  await wait(9_000);
  const first = await running[0]?.ended;
  const cpu = (
    await Promise.all([successor, ...running.slice(1)].map((collector) => collector.usage()))
  ).reduce((sum, usage) => sum + usage.cpuUs, 0);
  const cpuBefore = before.reduce((sum, usage) => sum + usage.cpuUs, 0);
  const found = verdict(
    expected.filter(({ index }) => !isHanging(index)),
    await server.arrivals(world.folder),
    slotsLog2,
    from,
    to,
  );
  const hung = verdict(
    expected.filter(({ index }) => isHanging(index)),
    await server.arrivals(world.folder),
    slotsLog2,
    from,
    to,
  );
  console.log("first collector:", first?.report);
  console.log(
    `processor time of the collectors: ${((cpu + (first?.cpuUs ?? 0) - cpuBefore) / 1e3 / (found.due + hung.due)).toFixed(3)} ms a capture, starting the successor included`,
  );
  for (const collector of [successor, ...running.slice(1)])
    console.log("then:", (await collector.stop()).report);
  const ms = (q: number): string => `${quantile(found.lateness, q).toFixed(1)} ms`;
  console.log(
    `due ${found.due} + ${hung.due} hanging; p50 ${ms(0.5)}, p90 ${ms(0.9)}, max ${ms(1)}`,
  );
  console.log(
    `latest of each second, ms: ${found.worstBySecond.map((worst) => Math.round(worst)).join(" ")}`,
  );
  say(
    "start lateness p99, one planned hand-over included",
    ms(0.99),
    "<= 15 ms",
    quantile(found.lateness, 0.99) <= 15,
  );
  say("start lateness p99.9", ms(0.999), "<= 50 ms", quantile(found.lateness, 0.999) <= 50);
  say("latest capture (planned hand-over)", ms(1), "<= 500 ms", quantile(found.lateness, 1) <= 500);
  const peak = found.peakArrivals / found.peakInstants;
  say(
    "starts per 100 ms, peak over mean, against the instants'",
    `${found.peakArrivals.toFixed(2)} / ${found.peakInstants.toFixed(2)} = ${peak.toFixed(3)}`,
    "<= 1.1",
    peak <= 1.1,
  );
  say(
    "due captures that never arrived",
    String(found.missing + hung.missing),
    "0",
    found.missing + hung.missing === 0,
  );
  say(
    "duplicate captures",
    String(found.duplicates + hung.duplicates),
    "0",
    found.duplicates + hung.duplicates === 0,
  );
} finally {
  server.stop();
  await world.close();
}
