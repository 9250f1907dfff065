/**
 * How long a plan takes: 10,000 ranges on 200 leases, loads measured and uneven.
 *
 *     npm run bench:plan
 */
import { leaseId, newLease, type Lease } from "#domain/lease.ts";
import { loadPiece } from "#domain/load.ts";
import { plan, PLAN_LIMITS } from "#domain/plan.ts";
import { rangesOfSlots } from "#domain/range.ts";
import { slotWidth, type Slot } from "#domain/slot.ts";
import { epochMs } from "#domain/units.ts";

const GOAL_MS = 20;
const SLOTS_LOG2 = 15;
const LEASES = 200;
const RANGES = 10_000;
const RUNS = 200;

/** Park and Miller's generator: the same fleet in every run. */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function fleetOf(now: number): Lease[] {
  const random = randoms(42);
  const slots = 2 ** SLOTS_LOG2;
  const owned = Array.from({ length: LEASES }, (): Slot[] => []);
  // Pieces of three or four slots, dealt so that no two neighbours belong to one lease.
  for (let piece = 0; piece < RANGES; piece += 1) {
    const from = Math.floor((piece * slots) / RANGES);
    const to = Math.floor(((piece + 1) * slots) / RANGES);
    for (let slot = from; slot < to; slot += 1) owned[piece % LEASES]?.push(slot as Slot);
  }
  return owned.map((list, index) => {
    const ranges = rangesOfSlots(list, SLOTS_LOG2);
    const hot = random() < 0.1 ? 3 : 1;
    const width = slotWidth(SLOTS_LOG2);
    const loads = ranges.map((range) => {
      const count = (range.to - range.from) / width;
      return loadPiece(
        range,
        Array.from({ length: count }, () => hot * random() * 20),
      );
    });
    const holder = {
      owner: `owner-${index}` as never,
      expiresAt: epochMs(now + 10_000),
      deadlineAt: epochMs(now + 900_000),
    };
    return { ...newLease("bench", leaseId(index + 1), ranges, epochMs(now)), loads, holder };
  });
}

const now = Date.UTC(2026, 10, 21);
const leases = fleetOf(now);
const fleet = { pool: "bench", slotsLog2: SLOTS_LOG2, desired: LEASES, nextLease: LEASES + 1 };
const spans: number[] = [];
let moves = 0;
for (let run = 0; run < RUNS; run += 1) {
  const startedAt = performance.now();
  moves = plan({ fleet, leases, now: epochMs(now), limits: PLAN_LIMITS }).moves.length;
  spans.push(performance.now() - startedAt);
}
const [first = 0] = spans;
const sorted = spans.toSorted((a, b) => a - b);
const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
const ranges = leases.reduce((sum, lease) => sum + lease.ranges.length, 0);
const isMet = at(0.5) <= GOAL_MS;
console.log(
  `plan: ${ranges} ranges on ${leases.length} leases, ${moves} moves, median of ${RUNS} runs`,
);
console.log(
  `  ${at(0.5).toFixed(1)} ms   goal <= ${GOAL_MS} ms: ${isMet ? "met" : "NOT met"}` +
    `   (p90 ${at(0.9).toFixed(1)} ms, the first, uncompiled, ${first.toFixed(1)} ms)`,
);
process.exitCode = isMet ? 0 : 1;
