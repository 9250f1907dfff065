import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collectEnvironment } from "#functions/collect/env.ts";
import { collectEvent } from "#functions/collect/event.ts";
import { healthCheckEvent } from "#functions/health-check/event.ts";
import { rebalanceEnvironment } from "#functions/rebalance/env.ts";
import { rebalanceEvent } from "#functions/rebalance/event.ts";
import { parseEnvironment, parseEvent } from "#functions/shared/parse.ts";
import { InvalidInputError } from "#domain/errors.ts";

const rebalance = {
  LAMPLIGHTER_POOL: "default",
  LEASE_TABLE_NAME: "leases",
  COLLECT_FUNCTION_NAME: "collect",
};
const collect = {
  LAMPLIGHTER_POOL: "default",
  LEASE_TABLE_NAME: "leases",
  TARGET_TABLE_NAME: "targets",
  SAMPLES_LOCATION: "file:///tmp/samples",
};

/** As EventBridge sends it (docs: "Events from scheduled rules", read 2026-11). */
const scheduled = {
  version: "0",
  id: "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
  "detail-type": "Scheduled Event",
  source: "aws.events",
  account: "123456789012",
  time: "2026-11-21T13:00:00Z",
  region: "eu-central-1",
  resources: ["arn:aws:events:eu-central-1:123456789012:rule/rebalance"],
  detail: {},
};

describe("environment", () => {
  it("is parsed with defaults where there are any", () => {
    expect(parseEnvironment(rebalanceEnvironment, rebalance)).toMatchObject({
      LAMPLIGHTER_POOL: "default",
      STORE_ENDPOINT: "",
      LEASE_TTL_MS: 10_000,
      LOG_LEVEL: "info",
    });
  });

  it.each([
    [
      { LEASE_TABLE_NAME: undefined },
      "environment LEASE_TABLE_NAME: found nothing, expected a string",
    ],
    [
      { LEASE_TABLE_NAME: "" },
      'environment LEASE_TABLE_NAME: found "", expected a text that is not empty',
    ],
    [
      { SAMPLES_LOCATION: "s3://Bucket" },
      'environment SAMPLES_LOCATION: found "s3://Bucket", expected a file: URL of a folder, or s3://bucket/prefix',
    ],
    [
      { LEASE_TTL_MS: "ten" },
      'environment LEASE_TTL_MS: found "ten", expected a whole number of milliseconds from 1000 to 300000',
    ],
    [
      { LEASE_TTL_MS: "5" },
      'environment LEASE_TTL_MS: found "5", expected a whole number of milliseconds from 1000 to 300000',
    ],
    [
      { LOG_LEVEL: "loud" },
      'environment LOG_LEVEL: found "loud", expected "debug" or "info" or "warn" or "error"',
    ],
    [
      { STORE_ENDPOINT: "here" },
      'environment STORE_ENDPOINT: found "here", expected a URL, or nothing for AWS',
    ],
    [
      { LAMPLIGHTER_POOL: "a#b" },
      'environment LAMPLIGHTER_POOL: found "a#b", expected a pool\'s name: letters, digits, . _ -',
    ],
  ])("names the variable, what was found and what was expected: %o", (change, message) => {
    expect(() => parseEnvironment(collectEnvironment, { ...collect, ...change })).toThrow(message);
  });

  it("says how many more are wrong", () => {
    expect(() => parseEnvironment(collectEnvironment, {})).toThrow("(and 3 more)");
  });
});

describe("events", () => {
  it("are accepted as a schedule sends them", () => {
    for (const event of [rebalanceEvent, healthCheckEvent]) {
      expect(parseEvent(event, scheduled)).toEqual({});
      expect(parseEvent(event, { ...scheduled, source: "aws.scheduler", detail: "{}" })).toEqual(
        {},
      );
    }
  });

  it("are accepted by hand", () => {
    expect(parseEvent(rebalanceEvent, {})).toEqual({});
    expect(parseEvent(rebalanceEvent, { pool: "vpc-1" })).toEqual({ pool: "vpc-1" });
    expect(parseEvent(collectEvent, { pool: "default", lease: "0007" })).toEqual({
      pool: "default",
      lease: "0007",
    });
  });

  it.each([
    [
      { pool: "default", lease: "7" },
      'event lease: found "7", expected a lease\'s number, e.g. "0007"',
    ],
    [
      { pool: "default", lease: "0007", leese: 1 },
      'event: found unknown "leese", expected only known fields',
    ],
    [{ lease: "0007" }, "event pool: found nothing, expected a string"],
    ["0007", 'event: found "0007", expected an object'],
  ])("are refused with the field, what was found and what was expected: %o", (event, message) => {
    expect(() => parseEvent(collectEvent, event)).toThrow(message);
  });

  it("give a value or an InvalidInputError, whatever comes", () => {
    fc.assert(
      fc.property(fc.anything(), (event) => {
        for (const schema of [rebalanceEvent, collectEvent]) {
          try {
            parseEvent(schema, event);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidInputError);
          }
        }
      }),
    );
  });
});
