/**
 * The chunk store of a simulated world, and all that was ever captured, as a reader would find it.
 *
 * Holds: a put takes effect once, at a moment of its own; putting the same chunk again changes nothing.
 */
import type { CadenceKey } from "#domain/cadence.ts";
import { DependencyError } from "#domain/errors.ts";
import { parseChunkLine } from "#domain/chunk-lines.ts";
import type { MissedRecord, SampleRecord } from "#domain/sample.ts";
import type { Chunk, SampleStore } from "#ports/sample-store.ts";
import type { Random } from "#test/support/rehearsal-random.ts";
import type { SimulatedProcess } from "./process.ts";
import { oneWay, type WeatherDeps } from "./weather.ts";

export interface KeptSamples {
  put(chunk: Chunk): void;
  of(target: string): readonly SampleRecord[];
  missedIn(slot: number, cadence: CadenceKey): readonly MissedRecord[];
  /** Whether a sample of that round is durable. */
  has(target: string, cadence: CadenceKey, round: number): boolean;
  readonly totals: { readonly chunks: number; readonly samples: number; readonly missed: number };
  targets(): Iterable<readonly [string, readonly SampleRecord[]]>;
  missed(): Iterable<MissedRecord>;
}

/** @param isKept a store that forgets what it said it keeps, to see that somebody notices. */
export function keptSamples(isKept: (sequence: number) => boolean = () => true): KeptSamples {
  const chunks = new Set<string>();
  const samples = new Map<string, SampleRecord[]>();
  const rounds = new Map<string, Set<number>>();
  const missed = new Map<string, MissedRecord[]>();
  const totals = { chunks: 0, samples: 0, missed: 0 };

  function addLine(line: string): void {
    const record = parseChunkLine(line);
    if (record === undefined) throw new Error(`not a record: ${line}`);
    if (record.kind === "missed") {
      totals.missed += record.captures;
      listIn(missed, `${record.slot} ${record.cadence}`).push(record);
      return;
    }
    totals.samples += 1;
    listIn(samples, record.target).push(record);
    if (record.round === undefined) return;
    const key = `${record.target} ${record.cadence}`;
    const known = rounds.get(key) ?? new Set<number>();
    known.add(record.round);
    rounds.set(key, known);
  }

  return {
    put({ name, parts }) {
      const key = `${name.owner} ${name.sequence}`;
      if (chunks.has(key)) return;
      chunks.add(key);
      totals.chunks += 1;
      if (!isKept(name.sequence)) return;
      for (const { lines } of parts) for (const line of linesOf(lines)) addLine(line);
    },
    of: (target) => samples.get(target) ?? [],
    missedIn: (slot, cadence) => missed.get(`${slot} ${cadence}`) ?? [],
    has: (target, cadence, round) => rounds.get(`${target} ${cadence}`)?.has(round) ?? false,
    totals,
    targets: () => samples,
    *missed() {
      for (const records of missed.values()) yield* records;
    },
  };
}

function listIn<T>(map: Map<string, T[]>, key: string): T[] {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made: T[] = [];
  map.set(key, made);
  return made;
}

function linesOf(text: string | Uint8Array): string[] {
  const all = typeof text === "string" ? text : Buffer.from(text).toString("utf8");
  return all.trimEnd().split("\n");
}

/** The chunk store as one process has it. */
export function sampleStoreOf(
  { weather, counts, trace, now }: WeatherDeps,
  {
    kept,
    world,
    process,
    random,
  }: {
    readonly kept: KeptSamples;
    readonly world: { after(span: number, wake: () => void): () => void };
    readonly process: SimulatedProcess;
    readonly random: Random;
  },
): SampleStore {
  type Fate = "kept" | "refused" | "full" | "broken" | "answer lost";

  function fateOf(): Fate {
    if (weather.isChunkStoreFull) return "full";
    if (random() >= weather.chunkFaultShare) return "kept";
    const kind = random();
    if (kind < 0.4) return "refused";
    return kind < 0.8 ? "answer lost" : "broken";
  }

  return {
    put(chunk) {
      const fate = fateOf();
      const thereMs = 2 + 5 * random() + weather.chunkSlowMs * random();
      const name = `${chunk.name.owner}/${chunk.name.sequence}`;
      if (fate !== "kept") {
        counts.add("chunk failures");
        trace.note(now(), process.name, `chunk: ${fate}`, name);
      }
      return new Promise((resolve, reject) => {
        world.after(thereMs, () => {
          if (fate === "kept" || fate === "answer lost") {
            trace.note(now(), process.name, "chunk durable", name);
            kept.put(chunk);
          }
          world.after(oneWay(weather, random), () => {
            process.deliver(() => {
              if (fate === "kept") resolve();
              else reject(new DependencyError(`chunk: ${fate}`, { retryable: fate !== "broken" }));
            });
          });
        });
      });
    },
    list: () => Promise.resolve({ entries: [] }),
    get: () => Promise.resolve(undefined),
  };
}
