/** Incidents against alarms: minutes from an incident's beginning to each alarm that it rang. */
import { ALARM_IDS, type AlarmId } from "#domain/alarm/definition.ts";
import { complaints, type Incident, type Rehearsed } from "#test/support/rehearsal-incident.ts";

const SHORT: Record<AlarmId, string> = {
  CollectionLag: "Lag",
  OrphanedSlots: "Orphan",
  RebalancerSilent: "RebSil",
  HealthCheckSilent: "HcSil",
  Overload: "Over",
  StartLateness: "Late",
  ThrottledStore: "Thrott",
  FailuresAboveNormal: "Failur",
  RefusedConfiguration: "Config",
  DeadLetters: "Dead",
  RebalanceErrors: "RebErr",
  CollectErrors: "ColErr",
  HealthCheckErrors: "HcErr",
};
const NAME_WIDTH = 60;
const WIDTH = 7;

export function printHead(): void {
  const heads = ALARM_IDS.map((id) => SHORT[id].padStart(WIDTH)).join("");
  console.log(`${"minutes to ring, by incident".padEnd(NAME_WIDTH)}${heads}   over after`);
}

/** One row: all plays of one incident. */
export function printRow(incident: Incident, plays: readonly Rehearsed[]): void {
  const cells = ALARM_IDS.map((id) => cellOf(id, incident, plays).padStart(WIDTH)).join("");
  const over = plays.map(({ overAfterMin }) => overAfterMin ?? Number.POSITIVE_INFINITY);
  console.log(`${incident.name.padEnd(NAME_WIDTH)}${cells}   ${span(over)} min`);
  for (const play of plays) {
    for (const complaint of complaints(play)) console.log(`    NOT AS EXPECTED: ${complaint}`);
  }
}

/** `4-6` minutes; in brackets where it may ring or not; a dot where it didn't and isn't to. */
function cellOf(id: AlarmId, { mayRing }: Incident, plays: readonly Rehearsed[]): string {
  const rang = plays.flatMap((play) => play.rang.get(id) ?? []);
  if (rang.length === 0) return "·";
  return mayRing?.includes(id) === true ? `(${span(rang)})` : span(rang);
}

function span(minutes: readonly number[]): string {
  const least = Math.round(Math.min(...minutes));
  const most = Math.round(Math.max(...minutes));
  return least === most ? String(most) : `${least}-${most}`;
}
