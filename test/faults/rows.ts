/** Every row of the table, in its order. */
import type { Row } from "./row.ts";
import {
  realBothDie,
  realDeaths,
  realHandOvers,
  realKillingRange,
  realSilence,
  realZombies,
} from "./real/processes.ts";
import { realLostAnswers, realOutage, realStalePlans } from "./real/store.ts";
import { tenThousandCold } from "./rows/cold-start.ts";
import { clocks } from "./rows/clocks.ts";
import { bothDie, collectorDies } from "./rows/dies.ts";
import { killer } from "./rows/killing-range.ts";
import { answersLost } from "./rows/lost-answers.ts";
import { storeOutage } from "./rows/outage.ts";
import { plannedHandOvers } from "./rows/planned.ts";
import { allSilent } from "./rows/silence.ts";
import { stalePlan } from "./rows/stale-plan.ts";
import { zombie } from "./rows/zombie.ts";

export const rows: readonly Row[] = [
  { ...collectorDies, real: realDeaths, isRealInTests: true },
  { ...bothDie, real: realBothDie },
  { ...plannedHandOvers, real: realHandOvers, isRealInTests: true },
  { ...zombie, real: realZombies, isRealInTests: true },
  { ...stalePlan, real: realStalePlans, isRealInTests: true },
  { ...answersLost, real: realLostAnswers, isRealInTests: true },
  clocks,
  { ...storeOutage, real: realOutage },
  { ...allSilent, real: realSilence },
  tenThousandCold,
  { ...killer, real: realKillingRange },
];
