import { readFileSync } from "node:fs";
import { playScenario } from "#test/support/collector-chaos.ts";
import { whatFailed, whatFaultsWouldExcuse } from "#test/support/chaos-checks.ts";
for (const f of process.argv.slice(2)) for (const l of readFileSync(f,"utf8").split("\n")) if (l.trim().startsWith('{"seed')) {
  const p = await playScenario(JSON.parse(l)); console.log(f, l.slice(0,40), [...await whatFailed(p), ...(f.includes("planned")? whatFaultsWouldExcuse(p):[])].slice(0,4));
}
