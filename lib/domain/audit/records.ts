/** The audits of what was captured: nothing lost, nothing extra, one sample for each key. */
import { cadenceKey } from "../cadence.ts";
import { targetHash } from "../hash.ts";
import { duplicates } from "./duplicates.ts";
import { accountOf } from "./account.ts";
import type { MissedRecord, SampleRecord } from "../sample.ts";
import type { Schedule } from "../schedule.ts";
import { slotOf } from "../slot.ts";
import type { Captured, Look, Violation } from "./observation.ts";

export function auditCaptured(captured: Captured, last: Look): Violation[] {
  const { slotsLog2 } = last.fleet.fleet;
  const schedules = new Map(
    last.slots.flatMap(({ schedules }) =>
      schedules.map((found) => [placeOf(found), found] as const),
    ),
  );
  const samples = groupBy(
    captured.records.filter((record) => record.kind === "sample"),
    ({ target }) => target,
  );
  const missed = groupBy(
    captured.records.filter((record) => record.kind === "missed"),
    placeOf,
  );
  const violations: Violation[] = duplicates(captured.records).map(({ target, round, count }) => ({
    invariant: "one-sample",
    what: `${target} has ${count} samples of round ${iso(round)}, expected one`,
  }));
  for (const target of captured.targets) {
    const slot = slotOf(targetHash(target.id).hash32, slotsLog2);
    const place = placeOf({ slot, cadence: cadenceKey(target.cadence) });
    const schedule: Schedule | undefined = schedules.get(place);
    if (schedule === undefined) {
      violations.push({
        invariant: "nothing-lost",
        what: `${target.id} has no schedule ${place} in its slot`,
      });
      continue;
    }
    const { from, to } = captured;
    const account = accountOf({
      target,
      slotsLog2,
      from,
      to,
      watermark: schedule.watermark,
      samples: samples.get(target.id) ?? NO_SAMPLES,
      missed: missed.get(place) ?? NO_MISSED,
    });
    for (const { round, instant } of account.lost) {
      violations.push({
        invariant: "nothing-lost",
        what: `${target.id} was due at ${iso(instant)} (round ${iso(round)}, ${place}): neither a sample nor a missed record, and the watermark is past it`,
      });
    }
    for (const round of account.extra) {
      violations.push({
        invariant: "nothing-extra",
        what: `${target.id} was captured for ${iso(round)}, which is no round of ${place}`,
      });
    }
  }
  return violations;
}

const NO_SAMPLES: readonly SampleRecord[] = [];
const NO_MISSED: readonly MissedRecord[] = [];

function placeOf({ slot, cadence }: { readonly slot: number; readonly cadence: string }): string {
  return `slot ${slot} ${cadence}`;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function iso(moment: number): string {
  return new Date(moment).toISOString();
}
