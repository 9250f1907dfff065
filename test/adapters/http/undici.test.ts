import * as whole from "undici";
import { describe, expect, it } from "vitest";
import { Client, errors } from "#adapters/http/undici.ts";

describe("the parts of undici that the probe uses", () => {
  it("are those of the package itself", () => {
    expect(Client).toBe(whole.Client);
    expect(errors).toBe(whole.errors);
  });

  it.each([
    "InvalidArgumentError",
    "HeadersOverflowError",
    "ResponseContentLengthMismatchError",
    "HTTPParserError",
    "SocketError",
  ] as const)("have the error %s, which says its own name", (name) => {
    const made = new errors[name]("why");
    expect(made).toBeInstanceOf(Error);
    expect(made.name).toBe(name);
  });

  it.each(["dispatch", "destroy", "on"] as const)("have a client with %s()", (method) => {
    const client = new Client("http://127.0.0.1:9");
    expect(client[method]).toBeTypeOf("function");
  });
});
