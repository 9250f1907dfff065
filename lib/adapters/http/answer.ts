/**
 * What came back, as assertions see it: text and JSON are made only when one asks.
 */
import type { Answer, JsonBody } from "#domain/assertion.ts";

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface AnswerParts {
  readonly status: number;
  readonly headers: Headers;
  /** Decoded; empty when nobody needs it. */
  readonly body: Buffer;
  readonly latencyMs: number;
  readonly certificateDays: number | undefined;
  readonly redact: (text: string) => string;
}

const SHOWN_MAX = 40;

/** A class: one is made for each capture, and its methods are shared. */
export class ReceivedAnswer implements Answer {
  readonly status: number;
  private readonly parts: AnswerParts;
  private decodedText: string | undefined = undefined;
  private parsed: JsonBody | undefined = undefined;

  constructor(parts: AnswerParts) {
    this.status = parts.status;
    this.parts = parts;
  }

  header(name: string): string | undefined {
    const { headers } = this.parts;
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    return Array.isArray(value) ? value.join(", ") : value;
  }

  latencyMs(): number {
    return this.parts.latencyMs;
  }

  certificateDays(): number | undefined {
    return this.parts.certificateDays;
  }

  text(): string {
    return (this.decodedText ??= this.decodeText());
  }

  json(): JsonBody {
    return (this.parsed ??= this.parse());
  }

  redact(text: string): string {
    return this.parts.redact(text);
  }

  private decodeText(): string {
    const latin = /charset="?(?:iso-8859-1|latin1|windows-1252)/iu;
    const text = latin.test(this.header("content-type") ?? "")
      ? this.parts.body.toString("latin1")
      : this.parts.body.toString("utf8");
    return text.startsWith("\uFEFF") ? text.slice(1) : text;
  }

  private parse(): JsonBody {
    const text = this.text();
    if (text.trim() === "") return { kind: "not-json", found: "an empty body" };
    try {
      const value: unknown = JSON.parse(text);
      return { kind: "json", value };
    } catch {
      // Too deep for the stack is a RangeError, and no JSON for us either.
      const begin = this.redact(text).trimStart().slice(0, SHOWN_MAX);
      const found = `a body that is no JSON (it begins with ${JSON.stringify(begin)})`;
      return { kind: "not-json", found };
    }
  }
}
