/**
 * What happened in a run, in order: hashed as a whole, and the end of it kept for a person.
 *
 * Holds: the hash depends on every entry, its moment and its order; two runs of one seed have one.
 */
export interface Trace {
  /** @param who short, e.g. `collect-3`; `what` is a few words; `detail` names the record or target. */
  note(at: number, who: string, what: string, detail?: string): void;
  /** The entries kept, oldest first, as a time line. */
  timeline(most?: number): string[];
  /** 16 hexadecimal digits. */
  hash(): string;
  readonly entries: number;
}

interface Entry {
  at: number;
  who: string;
  what: string;
  detail: string;
}

export interface TraceOptions {
  /** How many of the last entries are kept. */
  readonly kept: number;
  /** Time zero of the time line. */
  readonly start: number;
  /** Called with every line, e.g. to print them all. */
  readonly onLine?: (line: string) => void;
}

export function trace({ kept, start, onLine }: TraceOptions): Trace {
  const ring: Entry[] = [];
  let entries = 0;
  let [high, low] = [0x811c9dc5, 0x1b873593];

  function mix(value: number): void {
    high = Math.imul(high ^ value, 0x01000193);
    low = Math.imul(low ^ value, 0x85ebca6b);
    low = (low << 13) | (low >>> 19);
  }

  function mixText(text: string): void {
    for (let index = 0; index < text.length; index += 1) mix(text.charCodeAt(index));
    mix(-1);
  }

  return {
    note(at, who, what, detail = "") {
      const passed = at - start;
      mix(Math.floor(passed));
      mix(Math.round((passed % 1) * 1_000_000));
      mixText(who);
      mixText(what);
      mixText(detail);
      const place = entries % kept;
      entries += 1;
      const known = ring[place];
      if (known === undefined) ring.push({ at, who, what, detail });
      else Object.assign(known, { at, who, what, detail });
      onLine?.(lineOf({ at, who, what, detail }, start));
    },
    timeline(most = kept) {
      const held = Math.min(entries, kept, most);
      const lines: string[] = [];
      for (let index = entries - held; index < entries; index += 1) {
        const entry = ring[index % kept];
        if (entry !== undefined) lines.push(lineOf(entry, start));
      }
      return lines;
    },
    hash: () => hex(high) + hex(low),
    get entries() {
      return entries;
    },
  };
}

function lineOf({ at, who, what, detail }: Entry, start: number): string {
  return `${timeOf(at - start)}  ${who.padEnd(15)} ${what}${detail === "" ? "" : ` ${detail}`}`;
}

/** Minutes, seconds and milliseconds since the run began. */
export function timeOf(passedMs: number): string {
  const whole = Math.floor(passedMs);
  const minutes = String(Math.floor(whole / 60_000)).padStart(2, "0");
  const seconds = String(Math.floor((whole % 60_000) / 1_000)).padStart(2, "0");
  return `${minutes}:${seconds}.${String(whole % 1_000).padStart(3, "0")}`;
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
