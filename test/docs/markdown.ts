/** What our documents hold, as far as tests look at it: no general Markdown. */
import { readFileSync } from "node:fs";

export interface CodeBlock {
  readonly language: string;
  readonly text: string;
}

export interface Document {
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
  /** Texts in single backticks, outside of blocks. */
  readonly spans: readonly string[];
  /** Where links and pictures point to. */
  readonly links: readonly string[];
  /** What `#…` may name. */
  readonly anchors: readonly string[];
}

const BLOCK = /^```(?<language>\w*)\n(?<text>[\s\S]*?)^```$/gmu;

export function readDocument(path: string): Document {
  const text = readFileSync(path, "utf8");
  const prose = text.replaceAll(BLOCK, "");
  return {
    text,
    blocks: groups(text, BLOCK).map(({ language = "", text: code = "" }) => ({ language, text: code })), // prettier-ignore
    spans: groups(prose, /`(?<span>[^`\n]+)`/gu).map(({ span = "" }) => span),
    links: groups(prose, /\]\((?<to>[^)\s]+)\)/gu).map(({ to = "" }) => to),
    anchors: groups(prose, /^#+ (?<title>.+)$/gmu).map(({ title = "" }) => anchorOf(title)),
  };
}

function groups(text: string, pattern: RegExp): Record<string, string | undefined>[] {
  return [...text.matchAll(pattern)].map((match) => match.groups ?? {});
}

/** As GitHub makes it. */
function anchorOf(title: string): string {
  return title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-"); // prettier-ignore
}

/** Commands of shell blocks and code spans, each as its words; comments left out. */
export function commandsIn({ blocks, spans }: Document): readonly (readonly string[])[] {
  const shell = blocks.filter(({ language }) => language === "sh").map(({ text }) => text);
  return [...shell, ...spans]
    .flatMap((text) => text.split("\n"))
    .flatMap((line) => line.replace(/(?:^|\s)#.*$/u, "").split("&&"))
    .map(shellWords)
    .filter((words) => words.length > 0);
}

/** Words of one command; quotes group, nothing is expanded. */
function shellWords(command: string): readonly string[] {
  const words = command.matchAll(/"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<plain>\S+)/gu);
  return [...words].map(({ groups: { double, single, plain } = {} }) => double ?? single ?? plain ?? ""); // prettier-ignore
}
