import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeTarget, parseTarget } from "#domain/target-record.ts";
import { target } from "#test/support/targets.arbitrary.ts";

describe("a target record", () => {
  it("is read back as the target that was written, in every field", () => {
    fc.assert(
      fc.property(target, (written) => {
        expect(parseTarget(encodeTarget(written), "key")).toStrictEqual({
          kind: "target",
          target: written,
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it("leaves out what has its default", () => {
    const text = '[1,"a.example/","main","r",5,"every:60000",0,0,0,{"u":"https://a.example/"}]';
    const read = parseTarget(text, "key");
    if (read.kind === "refused") throw new Error(read.reason);
    expect(encodeTarget(read.target)).toBe(text);
    expect(read.target.probe).toMatchObject({
      method: "GET",
      timeoutMs: 10_000,
      redirectsMax: 5,
      keep: [],
    });
  });

  it("is a value when it can't be read, never an exception", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 40 }),
          fc.json(),
          fc
            .array(fc.jsonValue({ maxDepth: 1 }), { minLength: 10, maxLength: 10 })
            .map((rest) => JSON.stringify([1, ...rest.slice(1)])),
        ),
        (text) => {
          expect(["target", "refused"]).toContain(parseTarget(text, "key").kind);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["", "found no JSON array, expected a target record"],
    ["{}", "found no JSON array, expected a target record"],
    ["[2]", "found version 2, expected version 1"],
    ["[1]", "found 1 fields, expected 10 fields"],
    ['[1,1,"p","r",0,"every:1000",0,0,0,0]', "found no texts, expected id, pool and revision"],
    ['[1,"i","p","r",null,"every:1000",0,0,0,0]', "expected the moment of registration"],
    ['[1,"i","p","r",0,"sometimes",0,0,0,0]', "found a text of 9, expected the key of a cadence"],
    ['[1,"i","p","r",0,"every:1000","gold",0,0,0]', "found a text of 4, expected a policy or 0"],
    ['[1,"i","p","r",0,"every:1000",0,1,0,0]', "found 1, expected a name or 0"],
    ['[1,"i","p","r",0,"every:1000",0,0,[],0]', "expected tags or 0"],
    ['[1,"i","p","r",0,"every:1000",0,0,0,{}]', "expected settings of a probe, or 0"],
  ])("says why %s is refused, and which it is", (text, reason) => {
    const read = parseTarget(text, "main#07/target#x");
    expect(read).toMatchObject({
      kind: "refused",
      reason: expect.stringMatching(/^main#07\/target#x: found /u) as string,
    });
    expect(read).toMatchObject({ reason: expect.stringContaining(reason) as string });
  });
});
