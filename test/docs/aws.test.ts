import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { limits } from "#domain/limits.ts";
import { NOT_PROVEN } from "#test/aws/not-proven.ts";
import { costTables } from "../../bench/support/bill-tables.ts";
import { billOf, CAPTURES, quantitiesOf, type Workload } from "../../bench/support/bill.ts";
import { prices } from "../../bench/support/prices.ts";
import { fields } from "../../infra/settings-fields.ts";
import { readDocument } from "./markdown.ts";

const { text, spans } = readDocument("docs/aws.md");
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync("package.json", "utf8")));

const work = (changes: Partial<Workload> = {}): Workload => ({
  targets: 1_000_000,
  periodMs: 60_000,
  chunkEveryMs: limits.chunkEveryObjectMs,
  ...CAPTURES.inside,
  ...changes,
});
const sum = (workload: Workload): number => billOf(workload).reduce((all, { usd }) => all + usd, 0);

describe("docs/aws.md", () => {
  test.each(costTables().map((table) => [table.split(" | ")[0] ?? "", table]))(
    "has the table that bench:cost prints: %s",
    (_, table) => {
      expect(text).toContain(table);
    },
  );

  test.each(NOT_PROVEN)("lists as not proven: $what", ({ what }) => {
    expect(text).toContain(`- ${what}`);
  });

  test("names commands and settings that there are", () => {
    const run = spans.flatMap((span) => /^npm run (\S+)/u.exec(span)?.[1] ?? []);
    expect(run.length).toBeGreaterThan(0);
    expect(run.filter((name) => scripts[name] === undefined)).toEqual([]);
    const settings = ["maxSpendPerHour", "chunkEvery", "reserveConcurrency", "routeTableIds"];
    for (const name of settings) {
      expect(spans).toContain(name);
      expect(Object.keys(fields)).toContain(name);
    }
  });
});

describe("the bill", () => {
  test("reckons with about as many write units as were measured", () => {
    const measured = Number(
      /^\| write units per capture, all-in.*?\| ≤ 0\.015 \| (?<units>0\.\d+)/mu.exec(
        readFileSync("README.md", "utf8"),
      )?.groups?.["units"],
    );
    const found = quantitiesOf(work({ targets: 16_000 }));
    const each = found.writeUnitsPerSecond / found.capturesPerSecond;
    expect(Math.abs(each / measured - 1)).toBeLessThan(0.1);
  });

  test("grows with targets, with processor time and with data, and with shorter chunks", () => {
    const usual = sum(work());
    expect(sum(work({ targets: 2_000_000 }))).toBeGreaterThan(1.5 * usual);
    expect(sum(work({ cpuMs: 1 }))).toBeGreaterThan(usual);
    expect(sum(work({ egressBytes: 1_000 }))).toBeGreaterThan(usual);
    expect(sum(work({ chunkEveryMs: 1_000 }))).toBeGreaterThan(usual);
  });

  test("pays the dearer price for the first data only", () => {
    const egress = (egressBytes: number): number =>
      billOf(work({ egressBytes })).at(-1)?.usd ?? Number.NaN;
    const perByte = (bytes: number): number => egress(bytes) / bytes;
    expect(perByte(10)).toBeCloseTo(
      (quantitiesOf(work({ egressBytes: 10 })).egressGb * prices.egressGb.usd) / 10,
    );
    expect(perByte(2_000)).toBeLessThan(perByte(10));
  });

  test("has a source for each price", () => {
    for (const { source } of Object.values(prices)) expect(source).toMatch(/^aws\.amazon\.com\//u);
  });
});
