import { describe, expect, it } from "vitest";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { emptyProgress, lastWholeMinute } from "#domain/progress.ts";
import { after, epochMs } from "#domain/units.ts";
import { counters } from "#usecases/collect/counters.ts";

const now = epochMs(Date.UTC(2026, 10, 21, 13, 0, 30));
const IDLE = { lagMs: 0, backlogRounds: 0, waiting: 0 };
const MINUTE_MS = 60_000;

describe("throttled calls of a collector", () => {
  it("are told in the minute in which they were counted, each once", () => {
    const meter = capacityMeter();
    const counting = counters(meter, undefined, now);
    meter.throttle(2);
    expect(counting.progress(now, IDLE).current.throttled).toBe(2);
    meter.throttle(1);
    const next = counting.progress(after(now, MINUTE_MS), IDLE);
    expect([next.previous.throttled, next.current.throttled]).toEqual([3, 0]);
  });

  it("go on being counted by the lease's next owner", () => {
    const meter = capacityMeter();
    const before = counters(meter, undefined, now);
    meter.throttle(4);
    const inherited = before.progress(now, IDLE);
    const other = capacityMeter();
    const taken = counters(other, inherited, now);
    other.throttle(1);
    const later = after(now, MINUTE_MS);
    expect(lastWholeMinute(taken.progress(later, IDLE), later).throttled).toBe(5);
  });

  it("are none in a progress that says nothing of them", () => {
    expect(emptyProgress(now).current.throttled).toBe(0);
  });
});
