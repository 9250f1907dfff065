import { scheduleEvent } from "../shared/fields.ts";

/** By the schedule, every minute, or by hand: `{}`. */
export const rebalanceEvent = scheduleEvent;
