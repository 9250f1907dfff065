import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "#domain/errors.ts";
import { findEngine } from "#local/engine-binary.ts";
import { temporaryFolders } from "#test/support/temporary-folder.ts";

const newFolder = temporaryFolders();

async function folderWithBinary(): Promise<string> {
  const folder = await newFolder();
  await writeFile(join(folder, "dynoxide"), "");
  await chmod(join(folder, "dynoxide"), 0o755);
  return folder;
}

function noPackage(): string {
  throw new Error("not installed");
}

describe("finding the engine", () => {
  it("takes an endpoint from the environment before any binary", async () => {
    const environment = { PATH: await folderWithBinary(), LAMPLIGHTER_STORE_ENDPOINT: "http://127.0.0.1:8000" }; // prettier-ignore
    expect(findEngine({ environment })).toEqual({ kind: "endpoint", endpoint: "http://127.0.0.1:8000" }); // prettier-ignore
  });

  it("takes the package's binary before one on the path", async () => {
    const packaged = await folderWithBinary();
    const environment = { PATH: await folderWithBinary() };
    const resolvePackage = (): string => join(packaged, "package.json");
    expect(findEngine({ environment, resolvePackage })).toEqual({ kind: "binary", path: join(packaged, "dynoxide") }); // prettier-ignore
  });

  it("takes one on the path where no package is installed", async () => {
    const folder = await folderWithBinary();
    const environment = { PATH: `${await newFolder()}:${folder}` };
    expect(findEngine({ environment, resolvePackage: noPackage })).toEqual({ kind: "binary", path: join(folder, "dynoxide") }); // prettier-ignore
  });

  it("says what to do where there is none", async () => {
    const environment = { PATH: await newFolder() };
    const search = (): unknown => findEngine({ environment, resolvePackage: noPackage });
    expect(search).toThrow(InvalidInputError);
    expect(search).toThrow("LAMPLIGHTER_STORE_ENDPOINT");
  });

  it("refuses an endpoint that is no URL", () => {
    const environment = { LAMPLIGHTER_STORE_ENDPOINT: "localhost:8000" };
    expect(() => findEngine({ environment })).toThrow("expected an http or https URL");
  });
});
