/**
 * Write units per capture with everything that a fleet writes while it runs: commits, heartbeats,
 * rebalancer, health check, and a planned hand-over of each collector. Consumed capacity
 * is what the engine reports; a refused write, whose answer has none, counts as much as the mean of
 * its operation, or one unit.
 *
 * Captures are no-ops and the clock of all functions runs faster than the machine's: how much is
 * written depends on rounds and heartbeats, not on how fast they pass. Only the lease's TTL keeps its
 * length in the machine's time (it costs no writes): else a pause of a second would lose the lease.
 * Invocations last ten minutes and not fifteen, so that each collector hands over once while measured.
 *
 *     npm run bench:units [-- --speed 10] [-- --collectors 1,2] [-- --targets 32000] [-- --seconds 600]
 */
import { parseArgs } from "node:util";
import { every } from "#domain/cadence.ts";
import { limits } from "#domain/limits.ts";
import { wholeSpace } from "#domain/range.ts";
import { sleep, type Clock } from "#ports/clock.ts";
import { BENCH_POOL, benchWorld, say } from "./support/bench-world.ts";
import { putDirectly } from "./support/direct-targets.ts";
import { inProcessFleet, type InProcessFleet, type Units } from "./support/in-process-fleet.ts";
import { scaledClock } from "./support/scaled-clock.ts";

const { values } = parseArgs({
  options: {
    speed: { type: "string", default: "10" },
    collectors: { type: "string", default: "1,2" },
    targets: { type: "string", default: "32000" },
    seconds: { type: "string", default: "600" },
  },
});
const GOAL = 0.015;
const slotsLog2 = 6;
const speed = Number(values.speed);
const count = Number(values.targets);
const measuredMs = Number(values.seconds) * 1_000;
const INVOCATION_MS = 600_000;
const FIRST_CAPTURES_WITHIN_MS = 900_000;

interface Moment {
  readonly captures: number;
  readonly units: ReadonlyMap<string, Units>;
}

const none: Units = { calls: 0, refused: 0, read: 0, write: 0 };

function look(fleet: InProcessFleet): Moment {
  return { captures: fleet.captures(), units: fleet.units() };
}

interface Spent extends Units {
  readonly operation: string;
  /** Write units with what refused writes cost. */
  readonly paid: number;
}

function spentBetween(before: Moment, after: Moment): Spent[] {
  return [...after.units]
    .map(([operation, end]): Spent => {
      const start = before.units.get(operation) ?? none;
      const calls = end.calls - start.calls;
      const refused = end.refused - start.refused;
      const write = end.write - start.write;
      const mean = calls > refused ? Math.max(1, write / (calls - refused)) : 1;
      return {
        operation,
        calls,
        refused,
        read: end.read - start.read,
        write,
        paid: write + refused * mean,
      };
    })
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => b.paid - a.paid || b.read - a.read);
}

function show(spent: readonly Spent[], captures: number): void {
  const head = [
    "operation",
    "calls",
    "refused",
    "write units",
    "a call",
    "per capture",
    "read units",
  ];
  const widths = [18, 9, 9, 12, 8, 12, 11];
  const line = (cells: readonly (string | number)[]): string =>
    cells
      .map((cell, i) =>
        i === 0 ? String(cell).padEnd(widths[i] ?? 0) : String(cell).padStart(widths[i] ?? 0),
      )
      .join("");
  console.log(line(head));
  for (const { operation, calls, refused, paid, read } of spent) {
    console.log(
      line([
        operation,
        calls,
        refused,
        paid,
        (paid / calls).toFixed(2),
        (paid / captures).toFixed(5),
        read,
      ]),
    );
  }
}

function total(spent: readonly Spent[], of: "paid" | "read"): number {
  return spent.reduce((sum, each) => sum + each[of], 0);
}

type World = Awaited<ReturnType<typeof benchWorld>>;

async function report(
  fleet: InProcessFleet,
  world: World,
  clock: Clock,
  isReported: boolean,
  collectors: number,
): Promise<void> {
  const startedAt = clock.now();
  while (fleet.captures() < count || (await openRequests(world)) > 0) {
    if (clock.now() - startedAt > FIRST_CAPTURES_WITHIN_MS)
      throw new Error(`first captures take too long: ${fleet.captures()} done`);
    await sleep(clock, 5_000);
  }
  const from = look(fleet);
  const first = spentBetween({ captures: 0, units: new Map() }, from);
  console.log(
    `first captures: ${from.captures} captures in ${Math.round((clock.now() - startedAt) / 1_000)} s, ` +
      `${(total(first, "paid") / from.captures).toFixed(4)} write units each, removal of requests included`,
  );
  await sleep(clock, measuredMs);
  const to = look(fleet);
  await fleet.stop();
  const captures = to.captures - from.captures;
  const spent = spentBetween(from, to);
  console.log(
    `${captures} captures in ${measuredMs / 1_000} s (in ${Math.round(measuredMs / speed / 1_000)} s of the machine's)`,
  );
  for (const [reason, missed] of fleet.missed()) console.log(`  ${missed} missed: ${reason}`);
  for (const { ending, epoch, missed, late } of fleet.reports)
    console.log(`  a collector: ${ending}, epoch ${epoch}, late ${late}, missed ${missed}`);
  for (const [event, times] of fleet.warnings) console.log(`  ${times} x ${event}`);
  show(spent, captures);
  console.log(`read units per capture: ${(total(spent, "read") / captures).toFixed(5)}`);
  const perCapture = total(spent, "paid") / captures;
  const what = `write units per capture, all-in, ${collectors} collector(s)`;
  if (isReported) say(what, perCapture.toFixed(5), `<= ${GOAL}`, perCapture <= GOAL);
  else console.log(`${what}: ${perCapture.toFixed(5)}`);
}

async function openRequests({ requests }: World): Promise<number> {
  return (await requests.list(BENCH_POOL, wholeSpace(), slotsLog2)).length;
}

async function measure(collectors: number, isReported: boolean): Promise<void> {
  const world = await benchWorld({ slotsLog2, collectors });
  try {
    const before = world.clock.now();
    await putDirectly(world, {
      pool: BENCH_POOL,
      slotsLog2,
      count,
      requested: true,
      definition: (index) => ({
        id: `service-${index}.example.com/health`,
        probe: { kind: "noop" },
        cadence: every(index % 2 === 0 ? 60_000 : 600_000),
        tags: {},
      }),
    });
    console.log(
      `${count} targets, half every 60 s, half every 600 s, on ${2 ** slotsLog2} slots; ${collectors} collector(s); ` +
        `registered in ${Math.round((world.clock.now() - before) / 1_000)} s; time runs ${speed} x`,
    );
    const clock = scaledClock(speed);
    const fleet = inProcessFleet({
      engine: world.engine,
      pool: BENCH_POOL,
      clock,
      ttlMs: limits.leaseTtlMs * speed,
      invocationMs: INVOCATION_MS,
    });
    try {
      await report(fleet, world, clock, isReported, collectors);
    } finally {
      await fleet.stop();
    }
  } finally {
    await world.close();
  }
}

const settings = values.collectors.split(",").map(Number);
for (const collectors of settings) await measure(collectors, collectors === settings[0]);
