/**
 * Addresses of host names, remembered for a short time.
 *
 * The system's resolver is asked (it knows /etc/hosts and search domains), on a pool of four
 * threads: so questions are remembered for ten seconds, and asked once however many want to know.
 *
 * In:    host name, family                               Out: addresses, families alternating
 * Fails: CaptureError `dns`. The memory holds 2,000 names.
 */
import { lookup as systemLookup } from "node:dns/promises";
import { codeOf, CaptureError } from "./failures.ts";

export interface Address {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name; family 0 asks for both. */
export type Lookup = (hostname: string, family: 0 | 4 | 6) => Promise<readonly Address[]>;

export interface Names {
  find(hostname: string, family: 0 | 4 | 6): Promise<readonly Address[]>;
  /** Forgets everything: after a thaw it is old. */
  forget(): void;
}

const KEPT_MS = 10_000;
const FAILURE_KEPT_MS = 1_000;
const NAMES_MAX = 2_000;
/** Of one name, half of them of each family. */
const ADDRESSES_MAX = 6;

export const lookupBySystem: Lookup = (hostname, family) =>
  systemLookup(hostname, { all: true, family, order: "verbatim" });

interface Remembered {
  readonly answer: Promise<readonly Address[]>;
  /** On the scale of performance.now(); undefined while the question is open. */
  until: number | undefined;
}

export function names(lookup: Lookup = lookupBySystem): Names {
  const known = new Map<string, Remembered>();

  const ask = (key: string, hostname: string, family: 0 | 4 | 6): Remembered => {
    const asked = lookup(hostname, family).then(alternating, (error: unknown) => {
      throw dnsFailure(error, hostname);
    });
    const entry: Remembered = { answer: asked, until: undefined };
    asked.then(
      () => (entry.until = performance.now() + KEPT_MS),
      () => (entry.until = performance.now() + FAILURE_KEPT_MS),
    );
    const [oldest] = known.keys();
    if (known.size >= NAMES_MAX && oldest !== undefined) known.delete(oldest);
    known.set(key, entry);
    return entry;
  };

  return {
    find: (hostname, family) => {
      const key = `${family} ${hostname}`;
      const entry = known.get(key);
      if (entry !== undefined && (entry.until === undefined || entry.until > performance.now())) {
        return entry.answer;
      }
      known.delete(key);
      return ask(key, hostname, family).answer;
    },
    forget: () => {
      known.clear();
    },
  };
}

/** First of one family, first of the other, and so on: a broken family costs one attempt only. */
function alternating(found: readonly Address[]): readonly Address[] {
  const [first] = found;
  const same = found.filter(({ family }) => family === first?.family);
  const other = found.filter(({ family }) => family !== first?.family);
  const mixed: Address[] = [];
  for (let at = 0; at < found.length && mixed.length < ADDRESSES_MAX; at += 1) {
    for (const address of [same[at], other[at]]) if (address !== undefined) mixed.push(address);
  }
  return mixed;
}

function dnsFailure(error: unknown, hostname: string): CaptureError {
  const code = codeOf(error) ?? "?";
  const cause = { cause: error };
  return code === "ENOTFOUND" || code === "ENODATA"
    ? new CaptureError("dns", `the name ${hostname} has no address (${code})`, cause)
    : new CaptureError("dns", `the name ${hostname} could not be resolved (${code})`, cause);
}
