/**
 * Alarms are rehearsed: the template's own alarms, over the metrics that the real functions publish,
 * on a set clock. `npm run bench:alarms` prints the minutes, and plays more seeds.
 */
import { describe, expect, it, vi } from "vitest";
import { ALARM_IDS } from "#domain/alarm/definition.ts";
import { complaints, rehearse } from "#test/support/rehearsal-incident.ts";
import { FIRST_DEPLOY, HARMLESS, OWN_INCIDENTS, SMALL_POOL, WIDER_INCIDENTS } from "./incidents.ts";

const SEED = 1;
/** They take a second or two each, on a machine that has nothing else to do. */
vi.setConfig({ testTimeout: 120_000 });

describe("every alarm is rung by its own incident, by no other, and is over after it", () => {
  it.each(ALARM_IDS)("%s", async (id) => {
    const rehearsed = await rehearse(OWN_INCIDENTS[id], SEED);
    expect(complaints(rehearsed)).toEqual([]);
    expect([...rehearsed.rang.keys()]).toEqual([id]);
  });
});

it("a pool of three targets that all fail rings as a large one does, some minutes later", async () => {
  expect(complaints(await rehearse(SMALL_POOL, SEED))).toEqual([]);
});

describe("an incident that rings several alarms rings exactly these", () => {
  it.each([...WIDER_INCIDENTS, FIRST_DEPLOY])("$name", async (incident) => {
    expect(complaints(await rehearse(incident, SEED))).toEqual([]);
  });
});

describe("what heals by itself rings none", () => {
  it.each(HARMLESS)("$name", async (incident) => {
    expect(complaints(await rehearse(incident, SEED))).toEqual([]);
  });
});

it("plays the same way from the same seed, and another way from another", async () => {
  const story = async (seed: number): Promise<string[]> => {
    const { changes } = await rehearse(OWN_INCIDENTS.ThrottledStore, seed);
    return changes.map(({ id, at, to, reason }) => `${at} ${id} ${to} ${reason}`);
  };
  const first = await story(SEED);
  expect(await story(SEED)).toEqual(first);
  expect(await story(SEED + 1)).not.toEqual(first);
});
