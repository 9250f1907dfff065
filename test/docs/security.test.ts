import { describe, expect, test } from "vitest";
import { limits } from "#domain/limits.ts";
import { fields } from "../../infra/settings-fields.ts";
import { wildcards } from "../../infra/grants.ts";
import { grantRows } from "./grant-rows.ts";
import { readDocument } from "./markdown.ts";

const { text, spans } = readDocument("docs/security.md");

describe("docs/security.md", () => {
  test("has a row for each permission, and no other", () => {
    const rows = text
      .split("\n")
      .filter((line) => /^\| (?:`[a-z-]+`|the scheduler) \| `[a-z0-9]+:/u.test(line));
    expect(rows).toEqual(grantRows());
  });

  test("counts the wildcards as they are", () => {
    const words = ["none", "one", "two", "three", "four", "five", "six"];
    const kinds = new Set(wildcards.map(({ on }) => on));
    expect(text).toContain(`Wildcards are ${words[kinds.size] ?? "many"},`);
  });

  test("names settings that there are", () => {
    const named = ["encryptionKeyArn", "secrets", "allowPrivate", "perHostMax", "securityGroupIds"];
    for (const name of named) {
      expect(spans.some((span) => span.split("=")[0] === name)).toBe(true);
      expect(Object.keys(fields)).toContain(name);
    }
  });

  test("gives the limits of secrets and answers as they are", () => {
    const minutes = (ms: number): number => ms / 60_000;
    expect(minutes(limits.secretAgeMaxMs)).toBe(5);
    expect(text).toContain(`for five minutes at most, ${limits.secretsCachedMax} of them`);
    expect(minutes(limits.secretRefreshAfterMs)).toBe(4);
    expect(limits.secretFailureAgeMs).toBe(10_000);
    expect(text).toContain(`redirects at ${limits.redirectsMax}`);
    expect(limits.endpointFileBytesMax).toBe(1024 * 1024);
  });
});
