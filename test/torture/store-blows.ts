/** Blows to the store and to the disk: they concern every slot at once. */
import { signalProcess } from "#local/process-identity.ts";
import { begin, wait, type Arena, type Strike } from "./arena.ts";
import { patiently } from "./population.ts";
import type { Weather } from "./proxy.ts";
import { seconds } from "./story.ts";
import { POOL } from "./world.ts";

const POLL_MS = 150;

export async function weather(
  arena: Arena,
  { kind, random, tell }: Strike,
  bad: Weather,
  lastsOnMs = 0,
  spanMs = random.between(3_000, 8_000),
): Promise<void> {
  const { proxy } = arena.world;
  const fault = begin(arena, kind, "all");
  tell(`${inWords(bad)} for ${seconds(spanMs)}`);
  proxy.change(bad);
  await wait(arena, spanMs);
  proxy.change({ kind: "clear" });
  fault.to = Date.now() + lastsOnMs;
}

function inWords(bad: Weather): string {
  switch (bad.kind) {
    case "clear":
      return "clear";
    case "silent":
      return "silence";
    case "slow":
      return `${bad.delayMs.map(Math.round).join(" to ")} ms each way`;
    case "lost-answers":
      return `${Math.round(100 * bad.share)} % of connections`;
    case "late-writes":
      return `${Math.round(100 * bad.share)} % of connections, by ${seconds(bad.holdMs)}`;
  }
}

const CUT_EVERY_MS = 250;

export async function cutAgainAndAgain(
  arena: Arena,
  { kind, random, tell }: Strike,
): Promise<void> {
  const fault = begin(arena, kind, "all");
  const times = Math.round(random.between(4, 16));
  tell(`${times} times`);
  for (let time = 0; time < times && !arena.healing.aborted; time += 1) {
    arena.world.proxy.cut();
    await wait(arena, CUT_EVERY_MS);
  }
  fault.to = Date.now();
}

const ENGINE_BACK_WITHIN_MS = 20_000;

export async function killEngine(arena: Arena, { kind, tell }: Strike): Promise<void> {
  const { world } = arena;
  const pid = world.enginePid();
  if (pid === undefined) throw new Error("the engine has no process");
  const fault = begin(arena, kind, "all");
  signalProcess(pid, "SIGKILL");
  tell(`process ${pid}`);
  const endAt = Date.now() + ENGINE_BACK_WITHIN_MS;
  while (world.enginePid() === pid && Date.now() < endAt) await wait(arena, POLL_MS);
  await patiently(() => world.stores.leases.readFleet(POOL));
  fault.to = Date.now();
}

export async function fillDisk(arena: Arena, { kind, random, tell }: Strike): Promise<void> {
  const spanMs = random.between(3_000, 8_000);
  const fault = begin(arena, kind, "all");
  tell(`for ${seconds(spanMs)}`);
  arena.world.fillDisk(true);
  await wait(arena, spanMs);
  arena.world.fillDisk(false);
  fault.to = Date.now();
}
