import { expect, it } from "vitest";
import { rehearsalClock } from "./rehearsal-clock.ts";
import { rehearsalProcess } from "./rehearsal-process.ts";

const START = "2026-11-21T12:00:00Z";

it("fires no timer while its thread is busy, and all of them afterwards, in order", async () => {
  const world = rehearsalClock(START);
  const process = rehearsalProcess(world);
  const fired: string[] = [];
  const note = (name: string) => (): void => {
    fired.push(`${name} at ${world.now() - Date.parse(START)}`);
  };
  process.clock.after(100, note("first"));
  process.clock.after(200, note("second"));
  process.clock.after(900, note("last"));
  process.spend(500);
  expect(process.clock.now() - world.now()).toBe(500);
  process.clock.after(100, note("set while busy"));
  await world.advance(1_000);
  expect(fired).toEqual(["first at 500", "second at 500", "set while busy at 600", "last at 900"]);
});

it("makes a call's effect once, at its moment, and answers the living only", async () => {
  const world = rehearsalClock(START);
  const [living, dying] = [rehearsalProcess(world), rehearsalProcess(world)];
  let effects = 0;
  const store = {
    write: () => {
      effects += 1;
      return Promise.resolve("written");
    },
  };
  const answers: string[] = [];
  for (const process of [living, dying]) {
    const port = process.port(store, () => ({ tookMs: 50 }));
    void port.write().then((answer) => answers.push(answer));
  }
  dying.kill();
  await world.advance(49);
  expect(effects).toBe(0);
  await world.advance(1);
  expect([effects, answers]).toEqual([2, ["written"]]);
});
