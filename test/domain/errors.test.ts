import { describe, expect, it } from "vitest";
import { DependencyError, InvalidInputError, InvariantError } from "#domain/errors.ts";

describe("errors", () => {
  it("say where refused input stands, what was found and what was expected", () => {
    const cause = new Error("below");
    const error = new InvalidInputError(
      { where: "web.yml:12:5", found: '"soon"', expected: "a span" },
      { cause },
    );
    expect(error.message).toBe('web.yml:12:5: found "soon", expected a span');
    expect(error.place.where).toBe("web.yml:12:5");
    expect(error.cause).toBe(cause);
  });

  it("keep what failed below, and whether the same call may succeed later", () => {
    const cause = new Error("throttled");
    const error = new DependencyError("the store is busy", { retryable: true, cause });
    expect(error.retryable).toBe(true);
    expect(error.cause).toBe(cause);
  });

  it("are told apart by class and by name", () => {
    const all = [
      new InvalidInputError({ where: "a", found: "b", expected: "c" }),
      new DependencyError("d", { retryable: false }),
      new InvariantError("e"),
    ];
    expect(all.map((error) => error.name)).toEqual([
      "InvalidInputError",
      "DependencyError",
      "InvariantError",
    ]);
    for (const error of all) expect(error).toBeInstanceOf(Error);
  });
});
