import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "#domain/errors.ts";
import { dataPaths, type DataPaths } from "#local/paths.ts";
import { ownIdentity } from "#local/process-identity.ts";
import { lockPath, takeSupervisorLock } from "#local/supervisor-lock.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const newFolder = temporaryFolders();

/** A folder whose newest lock was left by a process that no longer runs. */
async function staleFolder(lock: string): Promise<DataPaths> {
  const paths = dataPaths(await newFolder());
  await mkdir(paths.locks, { recursive: true });
  await writeFile(lockPath(paths, 7), lock);
  return paths;
}

const DEAD = JSON.stringify({ kind: "held", pid: 2 ** 22 + 1, startToken: "long ago" });

describe("the supervisor's lock", () => {
  it("is refused while another one runs, and the refusal names its process", async () => {
    const paths = dataPaths(await newFolder());
    await takeSupervisorLock(paths);
    const refused = takeSupervisorLock(paths);
    await expect(refused).rejects.toThrow(InvalidInputError);
    await expect(refused).rejects.toThrow(`process ${process.pid}`);
  });

  it("can be taken again after it was given back, with a higher number", async () => {
    const paths = dataPaths(await newFolder());
    const first = await takeSupervisorLock(paths);
    await first.release();
    const second = await takeSupervisorLock(paths);
    expect(second.generation).toBeGreaterThan(first.generation);
  });

  it.each([
    ["a process that is gone", DEAD],
    ["a file cut short by a crash", '{"kind":"he'],
    ["another process that had our id", JSON.stringify({ ...ownIdentity(), kind: "held", startToken: "1" })], // prettier-ignore
  ])("of %s is taken over", async (_whose, lock) => {
    const paths = await staleFolder(lock);
    expect((await takeSupervisorLock(paths)).generation).toBe(8);
    expect(await readdir(paths.locks)).toHaveLength(1);
  });

  it("that is stale is taken over by one of many that try at once", async () => {
    const paths = await staleFolder(DEAD);
    const tries = await Promise.allSettled(
      Array.from({ length: 12 }, () => takeSupervisorLock(paths)),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(paths.locks)).toEqual([join(lockPath(paths, 8)).split("/").at(-1)]);
  });
});
