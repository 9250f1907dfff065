import { playScenario } from "/work/main/test/support/collector-chaos.ts";
import { whatFailed, whatFaultsWouldExcuse } from "/work/main/test/support/chaos-checks.ts";
const s = JSON.parse(process.argv[2] ?? "{}");
const base = {
  seed: 1,
  slotsLog2: 2,
  leases: 2,
  targets: 20,
  hanging: 0.1,
  lifeMs: 60000,
  lastsMs: 150000,
  events: [],
  ...s,
};
const t = performance.now();
const p = await playScenario(base);
console.log(
  "ms",
  Math.round(performance.now() - t),
  "starts",
  p.starts.length,
  p.reports.map((r) => r.ending + ":" + r.captures + ":" + r.abandoned).join(" "),
);
console.log((await whatFailed(p)).slice(0, 12));
console.log(whatFaultsWouldExcuse(p).slice(0, 12));
if (process.argv[3]) {
  const re = new RegExp(process.argv[3]);
  for (const l of p.world.log.lines) if (re.test(JSON.stringify(l))) console.log(JSON.stringify(l));
}
