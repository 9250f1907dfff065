import { describe, expect, test } from "vitest";
import { ALARM_IDS } from "#domain/alarm/definition.ts";
import { eventHub } from "#local/events.ts";
import { startAlarms } from "#local/alarms/start.ts";
import { dataPaths } from "#local/paths.ts";
import { settableClock } from "#test/support/settable-clock.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const newFolder = temporaryFolders();

async function needs() {
  const clock = settableClock("2026-11-21T12:00:10Z");
  return { clock, hub: eventHub(), paths: dataPaths(await newFolder()) };
}

describe("the alarms of a local cloud", () => {
  test("are all that are deployed, and see what happens in it until they are stopped", async () => {
    const world = await needs();
    const alarms = startAlarms({ pool: "default", leaseTtlMs: 60_000 }, world);
    expect(alarms.alarms().map(({ id }) => id)).toEqual(ALARM_IDS);
    const letter = { kind: "invocation-dropped", name: "collect", why: "failed 3 times" } as const;
    for (let count = 0; count < 3; count += 1) world.hub.emit(letter);
    const rung: string[] = [];
    world.hub.listen((event) => {
      if (event.kind === "alarm" && event.alarm.value === "ALARM") rung.push(event.alarm.id);
    });
    await world.clock.advance(120_000);
    await alarms.stop();
    expect(rung).toEqual(["DeadLetters"]);
    expect(world.clock.pending).toBe(0);
  });

  test("are none where functions run by hand only: nobody is silent then", async () => {
    const world = await needs();
    const alarms = startAlarms({ pool: "default", functions: false }, world);
    expect(alarms.alarms()).toEqual([]);
    expect(world.clock.pending).toBe(0);
    await alarms.stop();
  });
});
