/**
 * Alarms, rehearsed: which incident rings which, after how many minutes; and that healthy days,
 * with deploys, crashes and lost metrics in them, ring none. On a set clock: a week takes minutes.
 *
 *     npm run bench:alarms [-- --seed 1] [-- --seeds 3] [-- --days 7]
 *
 * The alarms are those of the synthesised template; the metrics are published by the functions'
 * real use cases on memory stores. What a platform is taken to do: test/support/rehearsal-platform.ts.
 */
import { parseArgs } from "node:util";
import { ALARM_IDS } from "#domain/alarm/definition.ts";
import {
  FIRST_DEPLOY,
  HARMLESS,
  OWN_INCIDENTS,
  WIDER_INCIDENTS,
} from "#test/rehearsal/incidents.ts";
import { liveThrough, type HealthyOptions } from "#test/support/rehearsal-healthy.ts";
import { complaints, rehearse, type Incident } from "#test/support/rehearsal-incident.ts";
import { printHead, printRow } from "./support/alarm-matrix.ts";
import { say } from "./support/bench-world.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "3" },
    days: { type: "string", default: "7" },
  },
});
const SEED = Number(values.seed);
const SEEDS = Number(values.seeds);
const DAYS = Number(values.days);

const ALONE = Object.values(OWN_INCIDENTS);

console.log(`seeds ${SEED} to ${SEED + SEEDS - 1}; the healthy days play seed ${SEED}\n`);
printHead();
console.log("each alarm's own incident");
const alone = await play(ALONE);
console.log("incidents that ring several");
const wider = await play(WIDER_INCIDENTS);
console.log("alarms that are there before the first data");
const first = await play([FIRST_DEPLOY]);
console.log("what heals by itself");
const harmless = await play(HARMLESS);

console.log(`\n${DAYS} healthy days of a pool with two collectors, and of one that is mostly idle`);
const busy = await live({ context: { collectors: "2", slots: "8" }, options: { targets: 48 } });
const idle = await live({
  context: { collectors: "2", slots: "8", cadence: "every 10m" },
  options: { targets: 6, cadenceMs: 600_000 },
});

console.log("");
say(
  "alarms rung by their own incident, and by it alone",
  `${new Set(alone.asExpected).size} of ${ALARM_IDS.length}`,
  String(ALARM_IDS.length),
  new Set(alone.asExpected).size === ALARM_IDS.length && alone.odd === 0,
);
say(
  "plays of the others that rang something else",
  String(wider.odd + first.odd),
  "0",
  wider.odd + first.odd === 0,
);
say("what heals by itself and rings all the same", String(harmless.odd), "0", harmless.odd === 0);
say("rings in the healthy days, two busy collectors", String(busy), "0", busy === 0);
say("rings in the healthy days, mostly idle", String(idle), "0", idle === 0);
process.exitCode = alone.odd + wider.odd + first.odd + harmless.odd + busy + idle === 0 ? 0 : 1;

interface Played {
  /** Names of incidents that rang as expected with every seed. */
  readonly asExpected: readonly string[];
  /** Plays that didn't. */
  readonly odd: number;
}

async function play(incidents: readonly Incident[]): Promise<Played> {
  const asExpected: string[] = [];
  let odd = 0;
  for (const incident of incidents) {
    const plays = [];
    for (let seed = SEED; seed < SEED + SEEDS; seed += 1)
      plays.push(await rehearse(incident, seed));
    printRow(incident, plays);
    const wrong = plays.filter((each) => complaints(each).length > 0).length;
    odd += wrong;
    if (wrong === 0) asExpected.push(incident.name);
  }
  return { asExpected, odd };
}

/** How many alarms rang. */
async function live(how: Pick<HealthyOptions, "context" | "options">): Promise<number> {
  const spentBefore = process.cpuUsage();
  const { rings, happened, evaluated, world } = await liveThrough({
    ...how,
    days: DAYS,
    seed: SEED,
  });
  const { user, system } = process.cpuUsage(spentBefore);
  const kinds = new Map<string, number>();
  for (const { what } of happened) kinds.set(what, (kinds.get(what) ?? 0) + 1);
  const { started, failed, dead } = world.platform.counts;
  console.log(
    `  ${world.captures()} captures, ${started} invocations (${failed} failed, ${dead} dead letters), ${evaluated} evaluations, ${((user + system) / 1e6).toFixed(0)} s of processor`,
  );
  console.log(`  in them: ${[...kinds].map(([what, count]) => `${count} × ${what}`).join(", ")}`);
  for (const { id, at, reason } of rings) {
    console.log(`  RANG ${new Date(at).toISOString()} ${id}: ${reason}`);
  }
  return rings.length;
}
