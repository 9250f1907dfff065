/** Reads and prints a target's samples. Exit: 1 where there are none and no such target. */
import { after } from "#domain/units.ts";
import { timeOf, type TargetRecord } from "#domain/reader.ts";
import { findStatus } from "#usecases/status.ts";
import { withSystem } from "../../connect/with-system.ts";
import type { Context } from "../../context.ts";
import { exitCodes, type ExitCode } from "../../exit-codes.ts";
import { readRecords, warnOfBroken, watchedSamples } from "../../input/records.ts";
import { count } from "../../output/count.ts";
import { printable } from "../../output/display.ts";
import { formatLatency, formatMoment, isoText } from "../../output/moment.ts";
import { progressBar } from "../../output/progress.ts";
import { table, type Column, type Row } from "../../output/table.ts";
import type { SamplesOptions } from "../samples.ts";

const COLUMNS: readonly Column[] = [
  { title: "STARTED" },
  { title: "RESULT" },
  { title: "TOOK", align: "right" },
  { title: "WHAT WAS FOUND", shrinkTo: 20 },
];

export async function showSamples(
  context: Context,
  id: string,
  { since, limit }: SamplesOptions,
): Promise<ExitCode> {
  const { status, read } = await withSystem(context, "read", async (system) => {
    const known = await findStatus(system.schedules, system, id);
    const query = {
      id,
      since: after(system.clock.now(), -since),
      ...(known !== undefined && { target: known.target }),
      ...(limit !== undefined && { limit }),
    };
    const bar = progressBar(context.io, "reading samples", context.now);
    const samples = watchedSamples(system.samples, (done, total) => {
      bar.update(done, total, count(done, "chunk"));
    });
    try {
      return { status: known, read: await readRecords({ ...system, samples }, query) };
    } finally {
      bar.stop();
    }
  });
  await warnOfBroken(context, read);
  if (context.options.json) for (const record of read.records) await context.json(asJson(record));
  else await table(COLUMNS, context.io.stdout).write(read.records.map(asRow));
  if (read.truncated && limit === undefined)
    await context.warn("older ones are left out: see --limit");
  if (read.records.length > 0) return exitCodes.ok;
  const reason = status === undefined ? "and no target has this id" : "in this span: see --since";
  await context.warn(`no samples of ${printable(id)}, ${reason}`);
  return status === undefined ? exitCodes.negative : exitCodes.ok;
}

function asRow(record: TargetRecord): Row {
  const moment = formatMoment(timeOf(record));
  if (record.kind === "missed") {
    return [moment, { text: "missed", style: "yellow" }, "-", record.reason];
  }
  const { failure, durationMs, values } = record.capture;
  const took = formatLatency(durationMs);
  if (failure !== undefined) {
    return [moment, { text: "failed", style: "red" }, took, `${failure.code}: ${failure.message}`];
  }
  const found = Object.entries(values).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [moment, { text: "ok", style: "green" }, took, found.join(" ")];
}

function asJson(record: TargetRecord): Readonly<Record<string, unknown>> {
  const { target, cadence, epoch, round } = record;
  const of = { target, cadence, epoch, ...(round !== undefined && { round: isoText(round) }) };
  if (record.kind === "missed") {
    return { kind: "missed", ...of, dueAt: isoText(record.dueAt), reason: record.reason };
  }
  const { startedAt, durationMs, failure, values, timings } = record.capture;
  return {
    kind: "sample",
    ...of,
    startedAt: isoText(startedAt),
    durationMs,
    ok: failure === undefined,
    ...(failure !== undefined && { failure }),
    values,
    ...(timings !== undefined && { timings }),
  };
}
