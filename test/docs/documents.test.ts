/** Links lead somewhere; decisions have their five lines. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { readDocument } from "./markdown.ts";

const FILES = [
  "README.md",
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

/** What is wrong with a link; undefined when it leads somewhere. The web is not asked. */
function brokenLink(file: string, link: string): string | undefined {
  if (link.startsWith("https://")) return undefined;
  const [path = "", anchor] = link.split("#");
  const to = path === "" ? file : join(dirname(file), path);
  if (!existsSync(to)) return `${link}: no such file`;
  if (anchor === undefined || readDocument(to).anchors.includes(anchor)) return undefined;
  return `${link}: no such heading`;
}

describe.each(FILES)("%s", (file) => {
  test("has links that resolve", () => {
    const { links } = readDocument(file);
    expect(links.flatMap((link) => brokenLink(file, link) ?? [])).toEqual([]);
  });
});

test("a link to nowhere is found", () => {
  expect(brokenLink("README.md", "docs/none.md")).toBe("docs/none.md: no such file");
  expect(brokenLink("README.md", "#none")).toBe("#none: no such heading");
  expect(brokenLink("docs/decisions.md", "../README.md#limits")).toBeUndefined();
});

describe("a decision", () => {
  const { text } = readDocument("docs/decisions.md");
  const decisions = text.split(/^### /mu).slice(1);
  const LINES = ["Choice", "Reason", "Cost", "Numbers", "Look again"];

  test.each(decisions.map((decision) => [decision.split("\n", 1)[0] ?? "", decision]))(
    "%s: choice, reason, cost, numbers, when to look again",
    (_, decision) => {
      const labels = [...decision.matchAll(/^- \*\*(?<label>[^*]+)\*\*: \S/gmu)];
      expect(labels.map(({ groups }) => groups?.["label"])).toEqual(LINES);
    },
  );
});
