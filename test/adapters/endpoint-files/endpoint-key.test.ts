import { describe, expect, it } from "vitest";
import { onlyHttp, onlyTarget, problemsIn } from "./support.ts";

describe("where a target points to", () => {
  it.each([
    ["a.example:", "https://a.example/", "a.example/"],
    ["A.Example:443/x:", "https://a.example/x", "a.example/x"],
    ["a.example/x?q=1#one:", "https://a.example/x?q=1", "a.example/x?q=1#one"],
    ["a.example?q=1:", "https://a.example/?q=1", "a.example/?q=1"],
    ['"[::1]:8080/x":', "https://[::1]:8080/x", "[::1]:8080/x"],
    ["127.0.0.1:80/:", "https://127.0.0.1:80/", "127.0.0.1:80/"],
    [
      "münchen.example/straße:",
      "https://xn--mnchen-3ya.example/stra%C3%9Fe",
      "xn--mnchen-3ya.example/stra%C3%9Fe",
    ],
    ["a.example/b/../c:", "https://a.example/c", "a.example/c"],
  ])("reads %s", (key, url, id) => {
    expect(onlyTarget(key)).toMatchObject({ id, probe: { url } });
  });

  it("keeps the #name out of the URL", () => {
    expect(onlyHttp("a.example/#b:").url).toBe("https://a.example/");
  });

  it.each([
    ['"":', "no host"],
    ["/health:", "no host"],
    ["a.example:0/:", 'port "0"'],
    ["a.example:70000/:", 'port "70000"'],
    ["a.example:x/:", 'port "x"'],
    ['"[::1/":', '"[::1/"'],
    ['"[::g]/":', 'host "[::g]"'],
    ["a..example/:", 'host "a..example"'],
    ["a b/:", '"a b/"'],
    ["me:secret@a.example/:", "a key with credentials (user@host)"],
    ["0x7f.1/:", 'host "0x7f.1"'],
    ["169.254.169.254/latest:", "the metadata address 169.254.169.254"],
    ['"[::ffff:169.254.169.254]/":', "the metadata address [::ffff:a9fe:a9fe]"],
    ["a.example/#:", "# without a name"],
    ["a\\b/:", '"a\\\\b/"'],
  ])("refuses %s", (key, found) => {
    expect(problemsIn(key)).toEqual([expect.stringContaining(`1:1: found ${found}, expected `)]);
  });
});
