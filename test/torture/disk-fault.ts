/**
 * Loaded into a collector's process before its handler: the disk of the chunk store is full for as
 * long as a mark file is there.
 *
 * Really filling a disk takes one that may be filled: a quota or a file system of its own, both a
 * superuser's to make. So the refusals come from here, one level above the system: the filesystem
 * adapter is the shipped one and calls `node:fs/promises` as ever, and what it meets is what a full
 * disk does: no room for a new file, a file that is cut off half-way, an fsync that finds out late.
 *
 * Holds: without the mark every call goes to the system as it is; nothing outside the samples' folder
 *        is touched.
 */
import { existsSync } from "node:fs";
import fs, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const location = process.env["SAMPLES_LOCATION"];
if (location?.startsWith("file:") === true) fillOnDemand(fileURLToPath(location));

function fillOnDemand(samples: string): void {
  const mark = markOf(samples);
  const { open, mkdir } = fs;
  let refused = 0;

  const isFull = (path: unknown): path is string =>
    typeof path === "string" && path.startsWith(samples) && existsSync(mark);

  const fullOpen = async (...given: Parameters<typeof open>): Promise<FileHandle> => {
    const [path, flags] = given;
    if (flags !== "wx" || !isFull(path)) return await open(...given);
    refused += 1;
    if (refused % 3 === 0) throw noSpace("open", path);
    const handle = await open(...given);
    const { writeFile } = handle;
    const cut = refused % 3 === 1;
    return Object.assign(handle, {
      async writeFile(bytes: Uint8Array) {
        await writeFile.call(handle, cut ? bytes.subarray(0, bytes.length / 2) : bytes);
        if (cut) throw noSpace("write", path);
      },
      datasync: () => Promise.reject(noSpace("fdatasync", path)),
    });
  };
  const fullMkdir = async (...given: Parameters<typeof mkdir>) => {
    const [path] = given;
    if (isFull(path) && !existsSync(path)) throw noSpace("mkdir", path);
    return await mkdir(...given);
  };
  Object.assign(fs, { open: fullOpen, mkdir: fullMkdir });
  // What is imported by name sees the change as well.
  syncBuiltinESMExports();
}

/** Beside the folders of the clouds, whose samples lie in one place. */
function markOf(samples: string): string {
  return join(dirname(dirname(samples)), "no-space");
}

function noSpace(syscall: string, path: string): Error {
  const message = `ENOSPC: no space left on device, ${syscall} '${path}'`;
  return Object.assign(new Error(message), { code: "ENOSPC", errno: -28, syscall, path });
}
