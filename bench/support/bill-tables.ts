/** The sums as tables of Markdown: printed by `npm run bench:cost`, and part of docs/aws.md. */
import { limits } from "#domain/limits.ts";
import {
  billOf,
  CAPTURES,
  quantitiesOf,
  SAMPLE_LINE_BYTES,
  USUAL_WAYS,
  type Workload,
} from "./bill.ts";
import { prices, SECONDS_PER_MONTH } from "./prices.ts";

const PERIOD_MS = 60_000;
const SIZES = [10_000, 1_000_000, 10_000_000] as const;
const CHUNK_SPANS_MS = [1_000, limits.chunkEveryObjectMs, 30_000] as const;
/** A put and a commit, each with a retry. */
const PUT_S = 1;

type Kind = keyof typeof CAPTURES;

export function costTables(): readonly string[] {
  return [
    bill("public"),
    bill("inside"),
    quantities("public"),
    usualWays(),
    chunkSpans(),
    network(),
    priceList(),
  ];
}

function work(kind: Kind, targets: number, chunkEveryMs = limits.chunkEveryObjectMs): Workload {
  return { targets, periodMs: PERIOD_MS, chunkEveryMs, ...CAPTURES[kind] };
}

function bill(kind: Kind): string {
  const columns = SIZES.map((targets) => billOf(work(kind, targets)));
  const sums = columns.map((lines) => lines.reduce((sum, { usd }) => sum + usd, 0));
  const lines = columns[0] ?? [];
  const head =
    kind === "public" ? "$ a month, public HTTPS targets" : "$ a month, HTTP inside a network";
  const captures = SIZES.map((targets) => (targets / (PERIOD_MS / 1_000)) * SECONDS_PER_MONTH);
  return table(
    [head, ...SIZES.map(count)],
    [
      ...lines.map(({ what }, row) => [
        what,
        ...columns.map((column) => dollars(column[row]?.usd ?? Number.NaN)),
      ]),
      ["**sum**", ...sums.map((sum) => `**${dollars(sum)}**`)],
      [
        "for a million captures",
        ...sums.map((sum, index) => dollars((sum / (captures[index] ?? Number.NaN)) * 1e6)),
      ],
    ],
  );
}

function quantities(kind: Kind): string {
  const columns = SIZES.map((targets) => quantitiesOf(work(kind, targets)));
  const row = (what: string, of: (found: (typeof columns)[number]) => number): string[] => [
    what,
    ...columns.map((found) => count(of(found))),
  ];
  return table(
    ["what it does, public HTTPS targets", ...SIZES.map(count)],
    [
      row("captures a second", ({ capturesPerSecond }) => capturesPerSecond),
      row("slots", ({ slots }) => slots),
      row("collectors of 512 MB", ({ collectors }) => collectors),
      row("write units a second", ({ writeUnitsPerSecond }) => writeUnitsPerSecond),
      row("read units a second", ({ readUnitsPerSecond }) => readUnitsPerSecond),
      row("chunks put a second", ({ putsPerSecond }) => putsPerSecond),
      row("samples kept for 30 days, GB", ({ samplesGb }) => samplesGb),
      row("sent to targets, GB a month", ({ egressGb }) => egressGb),
    ],
  );
}

/** Ours is what is written and read to know what is due, results included. */
function usualWays(): string {
  const found = quantitiesOf(work("inside", 1_000_000));
  const perSecond =
    found.writeUnitsPerSecond * prices.writeUnit.usd +
    found.readUnitsPerSecond * prices.readUnit.usd;
  const ours = (perSecond / found.capturesPerSecond) * 1e6;
  const month = (found.capturesPerSecond * SECONDS_PER_MONTH) / 1e6;
  const ways = [...USUAL_WAYS, { what: "**a watermark for each slot (this)**", usd: ours }];
  return table(
    ["to know what is due", "$ for a million captures", "$ a month, 1,000,000 targets every 60 s"],
    ways.map(({ what, usd }) => [what, usd.toFixed(usd < 0.1 ? 4 : 2), dollars(usd * month)]),
  );
}

function chunkSpans(): string {
  return table(
    [
      "`chunkEvery`",
      "added to lag, at most",
      "captured again after a crash, at most",
      "kept in memory at 150 captures a second",
      "$ a month with 2 collectors",
      "with 140",
    ],
    CHUNK_SPANS_MS.map((span) => {
      const seconds = span / 1_000;
      const again = Math.max(seconds, limits.commitEveryMs / 1_000) + PUT_S;
      const puts = (collectors: number): string =>
        dollars((collectors / seconds) * SECONDS_PER_MONTH * prices.put.usd);
      return [
        `${seconds}s`,
        `${seconds + PUT_S} s`,
        `${again} s of captures`,
        `${Math.ceil((150 * seconds * SAMPLE_LINE_BYTES) / 1_000)} KB`,
        puts(2),
        puts(140),
      ];
    }),
  );
}

function network(): string {
  const month = (usdPerHour: number): string => dollars((usdPerHour * SECONDS_PER_MONTH) / 3_600);
  return table(
    ["for a pool in a VPC", "$ a month", "and for each GB"],
    [
      ["gateway endpoints: DynamoDB, S3", "0", "0"],
      [
        "interface endpoints: SSM and Secrets Manager, in two zones",
        month(4 * prices.endpointHour.usd),
        "0.01",
      ],
      [
        "NAT gateways in two zones, if targets are on the internet",
        month(2 * prices.natHour.usd),
        `${prices.natGb.usd}, on top of the data itself`,
      ],
    ],
  );
}

function priceList(): string {
  return table(
    ["price", "$", "for each", "source"],
    Object.values(prices).map(({ what, usd, per, source }) => [what, plain(usd), per, source]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function dollars(usd: number): string {
  return usd < 10 ? usd.toFixed(2) : count(usd);
}

function count(value: number): string {
  if (value < 10 && !Number.isInteger(value)) return value.toFixed(1);
  return Math.round(value).toLocaleString("en-US");
}

function plain(usd: number): string {
  return usd.toLocaleString("en-US", { maximumSignificantDigits: 6, maximumFractionDigits: 12 });
}
