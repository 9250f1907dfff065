import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { localLimits } from "#local/local-limits.ts";
import { logFiles } from "#local/log-files.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const newFolder = temporaryFolders();

it("keeps the newest lines of a function in two files of bounded size", async () => {
  const folder = await newFolder();
  const logs = logFiles(folder);
  const line = "x".repeat(100_000);
  const lines = Math.ceil((3 * localLimits.logFileBytesMax) / line.length);
  for (let n = 0; n < lines; n += 1) logs.write("collect", `${n} ${line}`);
  expect(await readdir(folder)).toEqual(["collect.1.log", "collect.log"]);
  for (const file of await readdir(folder)) {
    expect((await stat(join(folder, file))).size).toBeLessThanOrEqual(localLimits.logFileBytesMax);
  }
  const newest = await readFile(join(folder, "collect.log"), "utf8");
  expect(newest).toContain(`${lines - 1} x`);
});
