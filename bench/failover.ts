/**
 * Collectors killed with -9 in the local cloud, one after another: how soon each one's slots are
 * captured again, what is captured twice, and whether anything is lost. The truth about captures is
 * the target server's own log of arrivals.
 *
 *     npm run bench:failover [-- --kills 50] [-- --targets 2000] [-- --collectors 4] [-- --keep]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { systemIds } from "#adapters/system/ids.ts";
import { jsonLog } from "#adapters/system/log.ts";
import { cadenceKey, every } from "#domain/cadence.ts";
import { limits } from "#domain/limits.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { wholeSpace } from "#domain/range.ts";
import { startLocalCloud, type LocalCloud } from "#local/cloud.ts";
import { dataPaths } from "#local/paths.ts";
import { registerTargets } from "#usecases/register-targets.ts";
import { say } from "./support/bench-world.ts";
import {
  account,
  recoveryMs,
  dueCaptures,
  repeats,
  stamp,
  type DueCapture,
  type Kill,
  type KilledTarget,
} from "./support/failover-verdict.ts";
import { killCollectors } from "./support/kills.ts";
import { httpTarget } from "./support/http-targets.ts";
import { ownerLog, type Ownership } from "./support/owner-log.ts";
import { readBack } from "./support/read-back.ts";
import { quantile, startTargetServer, type TargetServer } from "./support/target-log.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    targets: { type: "string", default: "2000" },
    collectors: { type: "string", default: "4" },
    keep: { type: "boolean", default: false },
  },
});
const KILLS = Number(values.kills);
const COLLECTORS = Number(values.collectors);
const POOL = "bench";
const slotsLog2 = 6;
const GOAL_MS = limits.leaseTtlMs + 2_500;
const FIRST_CAPTURES_WITHIN_MS = 180_000;
const SETTLE_MS = 15_000;
/** After the last kill: its slots come back, and what was missed is recorded. */
const AFTERWARDS_MS = 25_000;
const TIMEOUT_MS = 3_000;

const cadences = [every(5_000), every(60_000)] as const;
const targets: KilledTarget[] = Array.from({ length: Number(values.targets) }, (_, index) => {
  const cadence = cadences[index % 2] ?? cadences[0];
  return { index, id: `endpoint-${index}`, cadence, key: cadenceKey(cadence) };
});

const data = mkdtempSync(join(tmpdir(), "lamplighter-bench-"));
const server = await startTargetServer();
const owners = ownerLog(dataPaths(data).logs);
const cloud = await startLocalCloud({
  data,
  pool: POOL,
  slotsLog2,
  collectors: COLLECTORS,
  policies: POLICIES_DEFAULT,
  source: { kind: "none" },
  environment: process.env,
  listener: owners.listener,
});
try {
  await register(cloud, server);
  await allCaptured(cloud, server);
  await wait(SETTLE_MS);
  const from = Date.now();
  const kills = await killCollectors(cloud, owners, { kills: KILLS, collectors: COLLECTORS });
  await wait(AFTERWARDS_MS);
  const to = Date.now() - SETTLE_MS;
  const stopped = await cloud.stop();
  const arrivals = await server.arrivals(data);
  const ids = targets.map(({ id }) => id);
  const query = { pool: POOL, slotsLog2, ids, since: from - 120_000, until: Date.now() };
  const records = await readBack(cloud.stores.samples, query);
  const due = dueCaptures(targets, records, arrivals, { slotsLog2, from, to });
  console.log(`${kills.length} kills, ${stamp(from)} to ${stamp(to)}`);
  judgeRecovery(kills, arrivals);
  judgeRepeats(kills, due);
  judgeLosses(due, stopped.abandoned);
} finally {
  await cloud.stop();
  server.stop();
  if (values.keep) console.log(`kept: ${data}`);
  else rmSync(data, { recursive: true, force: true });
}

async function register({ stores, invoke }: LocalCloud, { origin }: TargetServer): Promise<void> {
  const log = jsonLog({ level: "warn", clock: stores.clock });
  await registerTargets(
    {
      ...stores,
      ids: systemIds(),
      log,
      invoker: {
        startCollector: () => Promise.resolve(),
        startRebalancer: (pool) => {
          // Its answer comes when it ends, minutes later.
          void invoke("rebalance", { pool });
          return Promise.resolve();
        },
      },
    },
    { pool: POOL, slotsLog2, policies: POLICIES_DEFAULT },
    targets.map(({ id, index, cadence }) =>
      httpTarget(id, `${origin}/t/${index}`, cadence, TIMEOUT_MS),
    ),
  );
  console.log(
    `${targets.length} targets, half every 5 s, half every 60 s, on ${COLLECTORS} leases of the local cloud`,
  );
}

async function allCaptured({ stores }: LocalCloud, log: TargetServer): Promise<void> {
  const endAt = Date.now() + FIRST_CAPTURES_WITHIN_MS;
  while (Date.now() < endAt) {
    const open = await stores.requests.list(POOL, wholeSpace(), slotsLog2);
    if (open.length === 0 && (await log.count()) >= targets.length) return;
    await wait(500);
  }
  throw new Error(`first captures take too long: ${await log.count()} arrivals`);
}

function judgeLosses(due: readonly DueCapture[], abandoned: number): void {
  const { captured, missed, lost, invented } = account(due);
  const reasons = [...missed].map(([reason, count]) => `${count} ${reason}`).join(", ");
  console.log(
    `due ${due.length}: ${captured} read back as captured, missed: ${reasons || "none"}; at the end ${abandoned} abandoned`,
  );
  for (const text of lost.slice(0, 5)) console.log(`  lost: ${text}`);
  for (const text of owners.errors.slice(0, 5)) console.log(`  logged as an error: ${text}`);
  for (const text of invented.slice(0, 5)) console.log(`  never arrived: ${text}`);
  say(
    "read back as captured, but never arrived",
    String(invented.length),
    "0",
    invented.length === 0,
  );
  say("due captures neither read back nor missed", String(lost.length), "0", lost.length === 0);
}

function judgeRecovery(
  kills: readonly Kill[],
  arrivals: ReadonlyMap<number, readonly number[]>,
): void {
  const firsts: number[] = [];
  const everyTarget: number[] = [];
  const spans = new Map<string, number[]>();
  const slow: string[] = [];
  const add = (name: string, span: number): void => {
    spans.set(name, [...(spans.get(name) ?? []), span]);
  };
  for (const kill of kills) {
    const recovered = recoveryMs(kill, targets, arrivals, slotsLog2);
    firsts.push(recovered.first ?? Number.POSITIVE_INFINITY);
    everyTarget.push(recovered.everyTarget ?? Number.POSITIVE_INFINITY);
    const owner = owners
      .all()
      .find(({ lease, epoch }) => lease === kill.lease && epoch === kill.epoch + 1);
    if ((recovered.first ?? GOAL_MS + 1) > GOAL_MS)
      slow.push(`${kill.lease} epoch ${kill.epoch}: ${details(kill, recovered.first, owner)}`);
    add("kill to expiry", kill.expiresAt - kill.at);
    if (owner === undefined) continue;
    const { startedAt, invokedAt, ownedAt } = owner;
    if (startedAt !== undefined) add("expiry to start asked for", startedAt - kill.expiresAt);
    if (startedAt !== undefined) {
      add("start asked for to event handed in", invokedAt - startedAt);
    }
    add("event handed in to lease owned", ownedAt - invokedAt);
    add("expiry to lease owned", ownedAt - kill.expiresAt);
    if (recovered.first !== undefined) {
      add("lease owned to first arrival", kill.at + recovered.first - ownedAt);
      add("expiry to first arrival", kill.at + recovered.first - kill.expiresAt);
    }
  }
  for (const [name, found] of spans) console.log(`  ${name.padEnd(38)} ${summary(found)}`);
  console.log(`  ${"kill to every 5 s target captured again".padEnd(38)} ${summary(everyTarget)}`);
  console.log(`  ${"kill to first arrival".padEnd(38)} ${summary(firsts)}`);
  for (const text of slow) console.log(`  slow: ${text}`);
  const p99 = at(firsts, 0.99);
  say(
    "killed with -9 to captured again, p99",
    `${p99.toFixed(0)} ms`,
    `<= ${GOAL_MS} ms`,
    p99 <= GOAL_MS,
  );
}

function judgeRepeats(kills: readonly Kill[], due: readonly DueCapture[]): void {
  const found = repeats(kills, due);
  for (const text of [...found.committed, ...found.unexplained].slice(0, 5))
    console.log(`  ${text}`);
  say(
    "captured again though committed before the kill",
    String(found.committed.length),
    "0",
    found.committed.length === 0,
  );
  say(
    `captured again (${found.redone} in all): oldest before its kill`,
    `${found.oldestMs.toFixed(0)} ms`,
    `<= ${limits.commitEveryMs} ms`,
    found.oldestMs <= limits.commitEveryMs,
  );
  say(
    "captured twice without a kill between",
    String(found.unexplained.length),
    "0",
    found.unexplained.length === 0,
  );
}

function details(kill: Kill, first: number | undefined, owner: Ownership | undefined): string {
  const moments = {
    killed: kill.at,
    expired: kill.expiresAt,
    "start asked for": owner?.startedAt,
    "event handed in": owner?.invokedAt,
    owned: owner?.ownedAt,
    "first arrival": first === undefined ? undefined : kill.at + first,
  };
  return Object.entries(moments)
    .map(([name, moment]) => `${name} ${moment === undefined ? "?" : stamp(moment)}`)
    .join(", ");
}

function at(spans: readonly number[], q: number): number {
  return quantile(Float64Array.from(spans).sort(), q);
}

function summary(spans: readonly number[]): string {
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => at(spans, q).toFixed(0).padStart(6));
  return `p50 ${p50}  p99 ${p99}  max ${max} ms`;
}
