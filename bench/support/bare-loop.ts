/**
 * What a capture costs at the least: a timing wheel that calls undici's `request`, nothing else.
 * `node bench/support/bare-loop.ts '{"origin":…,"perSecond":1000}'` paces; `"concurrency":64` instead
 * goes as fast as it can. Reports usage over IPC on request.
 */
import { Agent, request } from "undici";

interface Order {
  readonly origin: string;
  readonly perSecond?: number;
  readonly concurrency?: number;
}

const { origin, perSecond, concurrency } = JSON.parse(process.argv[2] ?? "{}") as Order;
const dispatcher = new Agent({ connections: 800, keepAliveTimeout: 60_000 });
let captures = 0;
let index = 0;

async function capture(): Promise<void> {
  index = (index + 1) % 10_000;
  const { body } = await request(`${origin}/t/${index}`, { dispatcher });
  await body.dump();
  captures += 1;
}

/** One bucket a millisecond, each with what is due in it. */
function wheel(rate: number): void {
  const startedAt = performance.now();
  let started = 0;
  const turn = (): void => {
    const due = Math.floor(((performance.now() - startedAt) * rate) / 1_000);
    for (; started < due; started += 1) void capture();
    setTimeout(turn, 1);
  };
  turn();
}

async function worker(): Promise<void> {
  for (;;) await capture();
}

if (perSecond !== undefined) wheel(perSecond);
for (let each = 0; each < (concurrency ?? 0); each += 1) void worker();

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({
    kind: "usage",
    at: Date.now(),
    cpuUs: user + system,
    rssBytes: 0,
    heapBytes: 0,
    captures,
  });
});
process.on("disconnect", () => process.exit(0));
