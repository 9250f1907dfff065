/** What a torture run is asked for on the command line. */
import { parseArgs } from "node:util";
import { InvalidInputError } from "#domain/errors.ts";

export interface TortureOptions {
  /** How long blows fall; start, settling and audit come on top. */
  readonly minutes: number;
  /** Which blows fall when, and whom they hit. */
  readonly seed: number;
  /** Leases, and so collectors at work; scaling varies it. */
  readonly collectors: number;
  readonly targets: number;
  readonly slotsLog2: number;
  readonly ttlMs: number;
  /** How long an invocation of a collector may last: its successor takes over before. */
  readonly invocationMs: number;
  /** Mean time between two blows. */
  readonly gapMs: number;
  /** How long the fleet may take to settle once everything is healed. */
  readonly settleMs: number;
  /** Whether the folder stays though everything held. */
  readonly keep: boolean;
}

export const DEFAULTS: TortureOptions = {
  minutes: 30,
  seed: 1,
  collectors: 24,
  targets: 320,
  slotsLog2: 5,
  ttlMs: 10_000,
  invocationMs: 240_000,
  gapMs: 6_000,
  settleMs: 180_000,
  keep: false,
};

export const USAGE = `npm run torture [-- options]

  --minutes <n>        how long blows fall (${DEFAULTS.minutes}; 0.5 to 600)
  --seed <n>           which blows fall when, and whom they hit (the clock's, unless given)
  --collectors <n>     collectors at work (${DEFAULTS.collectors}; 2 to 200)
  --targets <n>        endpoints that are captured (${DEFAULTS.targets}; 10 to 20000)
  --slots-log2 <n>     slots of the pool, as a power of two (${DEFAULTS.slotsLog2}; 1 to 12)
  --ttl-ms <n>         the leases' (${DEFAULTS.ttlMs}; 2000 to 60000)
  --invocation-ms <n>  how long an invocation may last (${DEFAULTS.invocationMs}; 30000 to 900000)
  --gap-ms <n>         mean time between two blows (${DEFAULTS.gapMs}; 500 to 120000)
  --settle-ms <n>      how long settling may take (${DEFAULTS.settleMs}; 10000 to 900000)
  --keep               keep the folder though everything held`;

/** @throws InvalidInputError for an option that is none, or out of range. */
export function parseOptions(args: readonly string[], seed: number): TortureOptions {
  const { values } = parsed(args);
  const number = (name: keyof typeof values, usual: number, [least, most]: [number, number]) => {
    const text = values[name];
    if (typeof text !== "string") return usual;
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most) return value;
    const expected = `a number from ${least} to ${most}`;
    throw new InvalidInputError({ where: `--${name}`, found: JSON.stringify(text), expected });
  };
  const whole = (...[name, usual, range]: Parameters<typeof number>) => {
    const value = number(name, usual, range);
    if (Number.isInteger(value)) return value;
    const expected = "a whole number";
    throw new InvalidInputError({ where: `--${name}`, found: String(value), expected });
  };
  return {
    minutes: number("minutes", DEFAULTS.minutes, [0.5, 600]),
    seed: whole("seed", seed, [0, 0xffff_ffff]),
    collectors: whole("collectors", DEFAULTS.collectors, [2, 200]),
    targets: whole("targets", DEFAULTS.targets, [10, 20_000]),
    slotsLog2: whole("slots-log2", DEFAULTS.slotsLog2, [1, 12]),
    ttlMs: whole("ttl-ms", DEFAULTS.ttlMs, [2_000, 60_000]),
    invocationMs: whole("invocation-ms", DEFAULTS.invocationMs, [30_000, 900_000]),
    gapMs: whole("gap-ms", DEFAULTS.gapMs, [500, 120_000]),
    settleMs: whole("settle-ms", DEFAULTS.settleMs, [10_000, 900_000]),
    keep: values.keep ?? false,
  };
}

function parsed(args: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ minutes: text, seed: text, collectors: text, targets: text, "slots-log2": text },
        ...{ "ttl-ms": text, "invocation-ms": text, "gap-ms": text, "settle-ms": text },
        keep: { type: "boolean" },
      },
    });
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidInputError({ where: "torture", found, expected: USAGE }, { cause });
  }
}
