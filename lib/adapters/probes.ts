/**
 * All probes as one: each target is captured by the probe that its settings name.
 *
 * In:    batches of targets of any kinds                 Out: results as each probe yields them
 * Holds: a batch of one kind costs nothing more than that probe does.
 */
import type { ProbeSettings } from "#domain/target.ts";
import type { Probe, ProbeResult, ProbeTask } from "#ports/probe.ts";

export type ProbesByKind = Readonly<Record<ProbeSettings["kind"], Probe>>;

type Results = readonly ProbeResult[];

export function probes(byKind: ProbesByKind): Probe {
  const all = Object.values(byKind);
  return {
    capture: (batch, signal) => {
      const kind = batch[0]?.target.probe.kind ?? "noop";
      if (isAllOf(kind, batch)) return byKind[kind].capture(batch, signal);
      return merged(
        partsOf(batch).map(([part, indexes]) =>
          numbered(byKind[part].capture(tasksAt(batch, indexes), signal), indexes),
        ),
      );
    },
    warm: async () => {
      await Promise.all(all.map((probe) => probe.warm()));
    },
    refresh: () => {
      for (const probe of all) probe.refresh();
    },
    close: async () => {
      await Promise.all(all.map((probe) => probe.close()));
    },
  };
}

function isAllOf(kind: ProbeSettings["kind"], batch: readonly ProbeTask[]): boolean {
  for (const { target } of batch) if (target.probe.kind !== kind) return false;
  return true;
}

function partsOf(
  batch: readonly ProbeTask[],
): (readonly [kind: ProbeSettings["kind"], indexes: readonly number[]])[] {
  const parts = new Map<ProbeSettings["kind"], number[]>();
  for (const [index, { target }] of batch.entries()) {
    const indexes = parts.get(target.probe.kind);
    if (indexes === undefined) parts.set(target.probe.kind, [index]);
    else indexes.push(index);
  }
  return [...parts];
}

function tasksAt(batch: readonly ProbeTask[], indexes: readonly number[]): readonly ProbeTask[] {
  return indexes.flatMap((index) => batch[index] ?? []);
}

/** Results with the indexes of the whole batch. */
async function* numbered(
  results: AsyncIterable<Results>,
  indexes: readonly number[],
): AsyncGenerator<Results> {
  for await (const part of results) {
    yield part.map(({ index, capture }) => ({ index: indexes[index] ?? index, capture }));
  }
}

/** Whatever comes first from any of them; leaving it early leaves them all. */
async function* merged(sources: readonly AsyncGenerator<Results>[]): AsyncGenerator<Results> {
  const ask = async (source: AsyncGenerator<Results>): Promise<Next> => ({
    source,
    result: await source.next(),
  });
  const open = new Map(sources.map((source) => [source, ask(source)]));
  try {
    while (open.size > 0) {
      const { source, result } = await Promise.race(open.values());
      if (result.done === true) {
        open.delete(source);
        continue;
      }
      open.set(source, ask(source));
      yield result.value;
    }
  } finally {
    for (const source of open.keys()) void source.return(undefined);
  }
}

interface Next {
  readonly source: AsyncGenerator<Results>;
  readonly result: IteratorResult<Results, unknown>;
}
