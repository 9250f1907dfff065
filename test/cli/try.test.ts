import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, spawnCli } from "./run-cli.ts";

let server: Server;
let host: string;
let folder: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/moved") response.writeHead(302, { location: "/health" });
    else if (request.url === "/secret")
      response.writeHead(request.headers["x-key"] === "s3cret" ? 200 : 401); // prettier-ignore
    else response.writeHead(request.url === "/broken" ? 503 : 200);
    response.end(JSON.stringify({ status: "bad\u001b[31m", version: 3 }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = await mkdtemp(join(tmpdir(), "lamplighter-try-"));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function file(text: string): Promise<string> {
  const path = join(folder, "web.yml");
  await writeFile(path, text);
  return path;
}

describe("try", () => {
  test("captures a URL once and says so, with its phases", async () => {
    const { code, out } = await runCli(["try", `http://${host}/health`]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^${host}/health  up  [\\d.]+ ms  status 200$`, "mu"));
    expect(out).toMatch(/^ {2}pass {2}status 200-299 {2}found 200$/mu);
    expect(out).toMatch(
      /connect [\d.]+ ms, first byte [\d.]+ ms, body [\d.]+ ms {2}\(127\.0\.0\.1/u,
    );
  });

  test("answers 1 where it is down, with found and expected of every assertion", async () => {
    const path = await file(
      `${host}/health:\n  scheme: http\n  response_json_values: [version]\n  success_test:\n    - { key: status, value: ok }\n    - { key: version, op: ">=", value: 3 }\n`,
    );
    const { code, out } = await runCli(["try", path]);
    expect(code).toBe(1);
    expect(out).toContain('FAIL  json status == "ok"');
    expect(out).toMatch(/pass {2}json version >= 3 {3,}found 3/u);
    expect(out).toContain("version = 3");
    expect(out).not.toContain("\u001b");
  });

  test("captures one target of a file, and suggests where its name is wrong", async () => {
    const path = await file(`${host}/broken: { scheme: http }\n${host}/health: { scheme: http }\n`);
    const both = await runCli(["try", path]);
    expect(both.code).toBe(1);
    expect(both.out.match(/ (?:up|down) {2}/gu)).toEqual([" down  ", " up  "]);
    const one = await runCli(["try", path, "--target", `${host}/health`]);
    expect(one.code).toBe(0);
    const wrong = await runCli(["try", path, "--target", `${host}/helth`]);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain(`did you mean ${host}/health?`);
  });

  test("says where a redirect leads", async () => {
    const { code, out } = await runCli(["try", `http://${host}/moved`]);
    expect(code).toBe(0);
    expect(out).toContain(`302 redirected to http://${host}/health`);
  });

  test("prints one JSON object a target for programs", async () => {
    const { code, out } = await runCli(["try", `http://${host}/broken`, "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      target: `${host}/broken`,
      ok: false,
      status: 503,
      failure: { code: "assertion" },
      assertions: [{ passed: false, expected: "status 200-299", found: "503" }],
    });
  });

  test("takes secrets from its environment and shows none", async () => {
    const path = await file(
      `${host}/secret:\n  scheme: http\n  headers: { x-key: { $ref: "env:LAMPLIGHTER_SECRET_KEY" } }\n`,
    );
    const environment = { LAMPLIGHTER_SECRET_KEY: "s3cret" };
    const { code, out, err } = await runCli(["try", path], { environment });
    expect(code).toBe(0);
    expect(out + err).not.toContain("s3cret");
  });

  test("refuses a file with problems, and what is neither URL nor file", async () => {
    const path = await file(`${host}/health:\n  schema: http\n`);
    const bad = await runCli(["try", path]);
    expect(bad.code).toBe(2);
    expect(bad.err).toContain("web.yml:2:3: found unknown field");
    const none = await runCli(["try", "nowhere.yml"]);
    expect(none).toMatchObject({ code: 2, out: "" });
    expect(none.err).toContain("found no such file, expected a URL");
    const metadata = await runCli(["try", "http://169.254.169.254/latest/"]);
    expect(metadata).toMatchObject({ code: 2, out: "" });
    expect(metadata.err).toContain("169.254.169.254");
  });

  test("as a process leaves nothing open and ends with its status", async () => {
    expect((await spawnCli(["try", `http://${host}/health`])).code).toBe(0);
    expect((await spawnCli(["try", `http://${host}/broken`])).code).toBe(1);
  });
});
