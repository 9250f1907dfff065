import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InvalidInputError } from "#domain/errors.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import {
  EMPTY_FOLDER,
  loadEndpointFolder,
  readEndpointFolder,
  type EndpointFolder,
  type FolderSnapshot,
} from "#adapters/endpoint-files/folder.ts";
import { formatProblem } from "#adapters/endpoint-files/problem.ts";

const OPTIONS = { policies: POLICIES_DEFAULT };
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "endpoint-files-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

function write(name: string, text: string): Promise<void> {
  return writeFile(join(dir, name), text);
}

function ids(folder: EndpointFolder): string[] {
  return folder.targets.map(({ target }) => target.id);
}

function problems(folder: EndpointFolder): string[] {
  return folder.problems.map((problem) => formatProblem(problem).replaceAll(`${dir}/`, ""));
}

describe("a folder of endpoint files", () => {
  it("loads its .yml files in the order of their names", async () => {
    await write("b.yml", "b.example/:\n");
    await write("a.yml", "z.example/:\na.example/:\n");
    const folder = await loadEndpointFolder(dir, OPTIONS);
    expect(ids(folder)).toEqual(["z.example/", "a.example/", "b.example/"]);
    expect(folder).toMatchObject({ problems: [], notices: [], complete: true });
    expect(folder.files).toMatchObject([{ targets: 2 }, { targets: 1 }]);
  });

  it("names a .yaml file and a subfolder, and passes over hidden and other files", async () => {
    await mkdir(join(dir, "more"));
    for (const name of ["a.yaml", "b.YML", ".hidden.yml", "c.yml~", "notes.txt"])
      await write(name, "x.example/:\n");
    const folder = await loadEndpointFolder(dir, OPTIONS);
    expect(folder.targets).toEqual([]);
    expect(
      folder.notices.map(({ file, kind, message }) => [file.slice(dir.length + 1), kind, message]),
    ).toEqual([
      ["a.yaml", "ignored", "not read: endpoint files end in .yml"],
      ["b.YML", "ignored", "not read: endpoint files end in .yml"],
      ["more", "ignored", "a subfolder is not read"],
    ]);
  });

  it("skips a file with a problem, names it, and loads the others", async () => {
    await write("bad.yml", "a.example/:\n  cadance: 1m\n");
    await write("good.yml", "b.example/:\n");
    const folder = await loadEndpointFolder(dir, OPTIONS);
    expect(ids(folder)).toEqual(["b.example/"]);
    expect(problems(folder)).toEqual([
      expect.stringMatching(/^bad\.yml:2:3: .*did you mean cadence\?$/u),
    ]);
    expect(folder.complete).toBe(false);
    expect(folder.files).toMatchObject([
      { targets: 0, kept: false },
      { targets: 1, kept: false },
    ]);
  });

  it("names both files that define a target, and takes it from neither", async () => {
    await write("a.yml", "x.example/:\na.example/:\n");
    await write("b.yml", "\nx.example/:\nb.example/:\n");
    const folder = await loadEndpointFolder(dir, OPTIONS);
    expect(ids(folder)).toEqual(["a.example/", "b.example/"]);
    const expected =
      "expected each target in one file (neither is taken; what was loaded before stays)";
    expect(problems(folder)).toEqual([
      `a.yml:1:1: found the target "x.example/", which is also defined at b.yml:2, ${expected}`,
      `b.yml:2:1: found the target "x.example/", which is also defined at a.yml:1, ${expected}`,
    ]);
  });

  it("refuses bytes that are no UTF-8, and a file that can't be read", async () => {
    await writeFile(join(dir, "a.yml"), new Uint8Array([0x61, 0xff]));
    await mkdir(join(dir, ".target"));
    await symlink(join(dir, ".target"), join(dir, "b.yml"));
    const folder = await loadEndpointFolder(dir, OPTIONS);
    expect(problems(folder)).toEqual([
      "a.yml:1:1: found bytes that are no UTF-8, expected a readable file in UTF-8",
      "b.yml:1:1: found an unreadable one (EISDIR), expected a readable file in UTF-8",
    ]);
  });

  it("reads certificates beside the file", async () => {
    await write("ca.pem", "not a certificate");
    await write("a.yml", "a.example/:\n  ca: ca.pem\n");
    expect(problems(await loadEndpointFolder(dir, OPTIONS))).toEqual([
      `a.yml:2:7: found "ca.pem", a file that doesn't parse, expected one or more PEM certificates`,
    ]);
  });

  it("is refused when there is none", async () => {
    await expect(loadEndpointFolder(join(dir, "none"), OPTIONS)).rejects.toBeInstanceOf(
      InvalidInputError,
    );
  });

  it("holds the examples, without problems", async () => {
    const folder = await loadEndpointFolder("examples/endpoints", OPTIONS);
    expect(folder.problems).toEqual([]);
    expect(folder.files.map(({ targets }) => targets)).toEqual([3, 2, 4]);
  });
});

describe("a folder read again", () => {
  async function again(before: FolderSnapshot): Promise<FolderSnapshot> {
    return readEndpointFolder(dir, OPTIONS, before);
  }

  it("keeps the last good targets of a file that stops parsing, until it parses again", async () => {
    await write("a.yml", "a.example/:\nb.example/:\n");
    const first = await again(EMPTY_FOLDER);
    await write("a.yml", "a.example/:\n  oops\nb.example/:\n");
    const broken = await again(first);
    expect(ids(broken)).toEqual(["a.example/", "b.example/"]);
    expect(broken.files).toMatchObject([{ targets: 2, kept: true }]);
    expect(broken.problems).not.toEqual([]);
    await write("a.yml", "b.example/:\n");
    const repaired = await again(broken);
    expect(ids(repaired)).toEqual(["b.example/"]);
    expect(repaired).toMatchObject({ problems: [], complete: true });
  });

  it("keeps a target as it was when a second file defines it too", async () => {
    await write("a.yml", "x.example/: { name: first }\n");
    const first = await again(EMPTY_FOLDER);
    await write("b.yml", "x.example/: { name: second }\n");
    const both = await again(first);
    expect(both.problems).toHaveLength(2);
    expect(both.byId.get("x.example/")?.target.name).toBe("first");
    await rm(join(dir, "a.yml"));
    expect((await again(both)).byId.get("x.example/")?.target.name).toBe("second");
  });

  it("takes the targets of a renamed file for the same", async () => {
    await write("a.yml", "x.example/:\n");
    const first = await again(EMPTY_FOLDER);
    await rename(join(dir, "a.yml"), join(dir, "b.yml"));
    const second = await again(first);
    expect(second.problems).toEqual([]);
    expect(ids(second)).toEqual(["x.example/"]);
  });

  it("doesn't parse what hasn't changed", async () => {
    await write("a.yml", "x.example/:\n");
    const first = await again(EMPTY_FOLDER);
    const second = await again(first);
    expect(second.states.get(join(dir, "a.yml"))).toBe(first.states.get(join(dir, "a.yml")));
  });
});
