/** The shipped filesystem adapter, in a process that the fault was loaded into. */
import { execFile } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const run = promisify(execFile);
const newFolder = temporaryFolders();
const FAULT = new URL("disk-fault.ts", import.meta.url).href;
const STORE = new URL("../../lib/adapters/filesystem/sample-store.ts", import.meta.url).href;

/** Puts chunks, some before, some while and some after the mark is there; prints how each ended. */
const SCRIPT = `
import { rmSync, writeFileSync } from "node:fs";
import { filesystemSampleStore } from ${JSON.stringify(STORE)};
const [, , root, mark] = process.argv;
const store = filesystemSampleStore({ root });
const put = async (sequence) => {
  const name = { pool: "p", closedAt: 3_600_000 * 5 + sequence, lease: "0001", epoch: 1, sequence, owner: "AAAAAAAAAAAAAAAAAAAAAA" };
  const parts = [{ bucket: 0, lines: '{"line":1}\\n' }];
  return store.put({ name, parts }).then(() => "kept", (error) => error.cause?.code + " " + error.cause?.syscall + " " + error.retryable);
};
const ends = [await put(1)];
writeFileSync(mark, "");
for (const sequence of [2, 3, 4]) ends.push(await put(sequence));
rmSync(mark);
ends.push(await put(5));
console.log(JSON.stringify(ends));
`;

describe("a full disk", () => {
  it("refuses new chunks in three ways while it is full, and leaves nothing half-written", async () => {
    const folder = await newFolder();
    const samples = join(folder, "cloud-1", "samples");
    await mkdir(samples, { recursive: true });
    const script = join(folder, "put.ts");
    await writeFile(script, SCRIPT);
    const { stdout } = await run(
      process.execPath,
      ["--import", FAULT, script, samples, join(folder, "no-space")],
      { env: { SAMPLES_LOCATION: pathToFileURL(samples).href }, timeout: 30_000 },
    );
    expect(JSON.parse(stdout)).toEqual([
      "kept",
      "ENOSPC write true",
      "ENOSPC fdatasync true",
      "ENOSPC open true",
      "kept",
    ]);
    const hours = await readdir(join(samples, "p"));
    const files = (
      await Promise.all(hours.map((hour) => readdir(join(samples, "p", hour))))
    ).flat();
    expect(files).toHaveLength(2);
    await rm(folder, { recursive: true });
  });
});
