/**
 * What the ceiling and the dashboard reckon with: US dollars, us-east-1, on demand, before free
 * tiers and discounts. Other regions cost up to a third more.
 *
 * Source: aws.amazon.com/lambda/pricing, /dynamodb/pricing/on-demand, /s3/pricing (2026-11).
 */
import { manifest } from "#functions/manifest.ts";

export type Architecture = "arm64" | "x86_64";

export const prices = {
  lambdaGbSecond: { arm64: 0.000_013_333_4, x86_64: 0.000_016_666_7 },
  /** A write unit; a read unit is a fifth of it. */
  dynamoWriteUnit: 0.625 / 1_000_000,
  s3Put: 0.005 / 1_000,
} as const satisfies { readonly lambdaGbSecond: Readonly<Record<Architecture, number>> } & Record<
  string,
  unknown
>;

export const SECONDS_PER_HOUR = 3_600;
const MB_PER_GB = 1_024;

export function gigabytes(memoryMb: number): number {
  return memoryMb / MB_PER_GB;
}

/** A collector that runs all the time, as one of a busy fleet does. */
export function collectorPerHour(architecture: Architecture): number {
  return (
    gigabytes(manifest.collect.memoryMb) * SECONDS_PER_HOUR * prices.lambdaGbSecond[architecture]
  );
}
