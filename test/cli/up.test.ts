/** `up`, as far as it is refused: what it starts is test/system's. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "./run-cli.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lamplighter-up-"));
  await writeFile(join(folder, "web.yml"), "web.example.com/: {}\n");
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["nothing", "nothing readable"],
  ["web.yml", "a file"],
])("refuses --endpoints %s before anything is started", async (name, found) => {
  const path = join(folder, name);
  const data = join(folder, "data");
  const ran = await runCli(["up", "--no-view", "--data", data, "--endpoints", path]);
  expect(ran).toMatchObject({ code: 2, out: "" });
  expect(ran.err).toContain(`${path}: found ${found}, expected a folder of .yml files\n`);
  expect(existsSync(data)).toBe(false);
});

test("a folder that isn't there is refused by `check` with the same words", async () => {
  const path = join(folder, "nothing");
  const { err } = await runCli(["check", path]);
  expect(err).toContain(`${path}: found nothing readable, expected a folder of .yml files`);
});
