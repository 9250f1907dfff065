/**
 * Thresholds, derived from what the pool promises and how the protocol works, never typed in.
 *
 * In flight: between a capture's instant and its commit lie, at worst and with nothing wrong, its
 * time-out, the time until its chunk closes, the time until a piece of its round is committed, and
 * the commit itself. Lag up to that is normal.
 *
 *     inFlight = longestTimeout + chunkEvery + commitEvery + commitTime
 *
 * Dead: when a collector crashes nobody captures its slots until its lease has run out and another
 * has it (DESIGN, section 8: TTL + 2.5 s). What was in flight is then captured again.
 *
 *     dead      = leaseTtl + skewMax + 2.5 s
 *     crashLag <= inFlight + dead + inFlight, the first of which was there before
 *
 * A target may wait `waitMultiplier` periods of the cadence that matters; beyond that, lag is an
 * incident. It is never alarmed for less than a crash that heals by itself:
 *
 *     lag > max(waitMultiplier × cadence, dead) + inFlight
 *
 * A crash can be above that for `crashLag - threshold`, so for one sample a minute of that and one
 * more, and samples don't come at the same second of each minute: the alarm wants as many minutes in a
 * row as a crash can't reach.
 *
 * In:    AlarmSettings                                     Out: AlarmThresholds
 * Holds: a single crash or a hand-over breaches fewer minutes than an alarm wants (tested).
 * Fails: never (pure).
 */
import { limits } from "../limits.ts";
import { durationMs, type DurationMs } from "../units.ts";

export interface AlarmSettings {
  /** The cadence that matters to whoever is woken up: the shortest that does. */
  readonly cadenceMs: DurationMs;
  /** How many periods of that cadence a target may wait before lag is alarmed; fractions too. */
  readonly waitMultiplier: number;
  /** The longest time-out that a target here may have. */
  readonly longestTimeoutMs: DurationMs;
  /** How often collectors close a chunk. */
  readonly chunkEveryMs: DurationMs;
  readonly leaseTtlMs: DurationMs;
  readonly skewMaxMs: DurationMs;
}

/**
 * One: a target that has missed a whole round is what its owner notices. Less alarms while the
 * round can still be captured within its own period; more hides the first missed one.
 */
export const WAIT_MULTIPLIER_DEFAULT = 1;

/** A minute is the finest that metrics here are published and looked at. */
export const METRIC_EVERY_MS = durationMs(60_000);

/**
 * How much later in its minute one run of the health check may look than another: a schedule's
 * precision is a minute at worst and some seconds as a rule, and a cold start takes its time.
 */
export const LOOK_JITTER_MAX_MS = 20_000;

/** From a lease that has run out to its slots being captured: DESIGN, section 8. */
const TAKE_OVER_MS = 2_500;
/**
 * No planned hand-over makes a capture later than half a second: DESIGN, section 8. Nor may this be
 * much more: what starts more than a second late is late work and isn't in the distribution, so that
 * beyond a second this never rings (seen in the rehearsal: test/rehearsal). Published are bounds of
 * buckets, 500 and then 1,000; CloudWatch keeps them in exponential buckets of its own and may answer
 * some percent more or less, so it lies between the two and not on one of them.
 */
const LATENESS_MS = 700;

export interface AlarmThresholds {
  /** Lag up to this is normal. */
  readonly inFlightMs: DurationMs;
  /** How long slots may be without an owner after a crash. */
  readonly deadMs: DurationMs;
  /** Lag beyond this breaches. */
  readonly lagMs: DurationMs;
  /** Minutes in a row of such lag that are an incident. */
  readonly lagMinutes: number;
  /** The 99th percentile of start lateness beyond this breaches: between two bounds of its buckets. */
  readonly latenessMs: DurationMs;
  readonly latenessMinutes: number;
  /** Minutes in a row with slots that nobody captures. */
  readonly orphanedMinutes: number;
}

/** What an installation has that changes nothing. */
export const ALARM_SETTINGS_DEFAULT: AlarmSettings = {
  cadenceMs: durationMs(60_000),
  waitMultiplier: WAIT_MULTIPLIER_DEFAULT,
  longestTimeoutMs: limits.timeoutMaxMs,
  chunkEveryMs: limits.chunkEveryMs,
  leaseTtlMs: limits.leaseTtlMs,
  skewMaxMs: limits.skewMaxMs,
};

export function alarmThresholds(settings: AlarmSettings): AlarmThresholds {
  const { cadenceMs, waitMultiplier, longestTimeoutMs, chunkEveryMs } = settings;
  const inFlight = longestTimeoutMs + chunkEveryMs + limits.commitEveryMs + limits.commitTimeMs;
  const dead = settings.leaseTtlMs + settings.skewMaxMs + TAKE_OVER_MS;
  const lag = Math.max(waitMultiplier * cadenceMs, dead) + inFlight;
  const crashLag = inFlight + dead + inFlight;
  return {
    inFlightMs: durationMs(inFlight),
    deadMs: durationMs(dead),
    lagMs: durationMs(lag),
    lagMinutes: Math.max(2, samplesWithin(crashLag - lag) + 1),
    latenessMs: durationMs(LATENESS_MS),
    // What started late is counted by whole minutes, and the gap may lie across their bounds.
    latenessMinutes: minutesTouched(dead) + 1,
    orphanedMinutes: samplesWithin(dead) + 1,
  };
}

/** How many of the samples that are taken once a minute, more or less, can fall into a span. */
function samplesWithin(spanMs: number): number {
  return spanMs <= 0 ? 0 : Math.floor((spanMs + LOOK_JITTER_MAX_MS) / METRIC_EVERY_MS) + 1;
}

/** How many whole minutes a span can lie in. */
function minutesTouched(spanMs: number): number {
  return Math.floor(spanMs / METRIC_EVERY_MS) + 2;
}
