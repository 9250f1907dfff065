import fc from "fast-check";
import { scenario } from "#test/support/chaos-scenario.ts";
import { playScenario } from "#test/support/collector-chaos.ts";
import { whatFailed, whatFaultsWouldExcuse } from "#test/support/chaos-checks.ts";
const mode = process.argv[2] as "planned" | "faults";
const seed = Number(process.argv[3] ?? 1);
const n = Number(process.argv[4] ?? 5);
const samples = fc.sample(scenario(mode), { seed, numRuns: n });
for (const [i, s] of samples.entries()) {
  const t = performance.now();
  try {
    const p = await playScenario(s);
    const wrong = [
      ...(await whatFailed(p)),
      ...(mode === "planned" ? whatFaultsWouldExcuse(p) : []),
    ];
    const kinds = new Map<string, string[]>();
    for (const w of wrong) {
      const k = w.replace(/[0-9:.TZ-]+/g, "#").slice(0, 60);
      kinds.set(k, [...(kinds.get(k) ?? []), w]);
    }
    console.log(
      `${mode} ${seed}/${i}: ${Math.round(performance.now() - t)} ms, ${wrong.length} wrong, starts ${p.starts.length}`,
    );
    for (const [, v] of kinds) console.log("   ", v.length, "×", v[0]?.slice(0, 220));
    if (wrong.length) console.log("    ", JSON.stringify(s));
  } catch (e) {
    console.log("THREW", e);
  }
}
