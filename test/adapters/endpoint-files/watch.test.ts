import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { durationMs } from "#domain/units.ts";
import type { Clock } from "#ports/clock.ts";
import {
  watchEndpointFolder,
  type FolderChange,
  type FolderWatch,
} from "#adapters/endpoint-files/watch.ts";
import { settableClock, type SettableClock } from "#test/support/settable-clock.ts";

let dir: string;
let clock: SettableClock;
let changes: FolderChange[];
let watches: FolderWatch[];
let wake: () => void;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "endpoint-watch-"));
  clock = settableClock("2026-11-21T13:00:00Z");
  changes = [];
  watches = [];
});

afterEach(async () => {
  for (const watch of watches) await watch.close();
  await rm(dir, { recursive: true, force: true });
});

function write(name: string, text: string): Promise<void> {
  return writeFile(join(dir, name), text);
}

const told = (change: FolderChange): void => {
  changes.push(change);
};

async function start(
  onChange: (change: FolderChange) => Promise<void> | void = told,
): Promise<FolderWatch> {
  const options = {
    policies: POLICIES_DEFAULT,
    clock,
    settleMs: 200,
    pollEveryMs: 5_000,
    events: (_dir: string, onEvent: () => void) => {
      wake = onEvent;
      return () => undefined;
    },
  };
  const watch = await watchEndpointFolder(dir, options, onChange);
  watches.push(watch);
  return watch;
}

/** Lets time pass, and files be read, which no clock knows of, until `isTrue`. */
async function pass(isTrue: () => boolean, stepMs = 1_000): Promise<void> {
  for (let tries = 0; tries < 5_000 && !isTrue(); tries += 1) {
    await clock.advance(stepMs);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(isTrue()).toBe(true);
}

async function until(count: number, stepMs?: number): Promise<void> {
  await pass(() => changes.length >= count, stepMs);
  expect(changes).toHaveLength(count);
}

function inWords({ added, changed, removed, unchanged }: FolderChange): string {
  const ids = (list: FolderChange["added"]): string =>
    list.map(({ target }) => target.id).join(" ");
  return `+[${ids(added)}] ~[${ids(changed)}] -[${removed.join(" ")}] =${unchanged}`;
}

describe("a watched folder", () => {
  it("tells what there is, then what is added, changed and removed, and nothing of the rest", async () => {
    await write("a.yml", "a.example/:\nb.example/:\n");
    await write("c.yml", "c.example/:\n");
    await start();
    expect(changes.map(inWords)).toEqual(["+[a.example/ b.example/ c.example/] ~[] -[] =0"]);

    await write(
      "a.yml",
      "# moved down, else the same\na.example/:\nb.example/: { timeout: 3s }\nd.example/:\n",
    );
    await until(2);
    expect(changes.slice(1).map(inWords)).toEqual(["+[d.example/] ~[b.example/] -[] =2"]);

    await rm(join(dir, "c.yml"));
    await until(3);
    expect(changes.slice(2).map(inWords)).toEqual(["+[] ~[] -[c.example/] =3"]);
  });

  it("says nothing of a file that was only touched, or of a renamed one", async () => {
    await write("a.yml", "a.example/:\n");
    await start();
    await write("a.yml", "# new comment\na.example/:\n");
    await rename(join(dir, "a.yml"), join(dir, "b.yml"));
    for (let step = 0; step < 30; step += 1) await clock.advance(1_000);
    await write("c.yml", "c.example/:\n");
    await until(2);
    expect(changes.slice(1).map(inWords)).toEqual(["+[c.example/] ~[] -[] =1"]);
  });

  it("keeps the targets of a file that stops parsing, and says so, loudly and once", async () => {
    await write("a.yml", "a.example/:\n");
    await start();
    await write("a.yml", "a.example/: [\n");
    await until(2);
    expect(changes.slice(1).map(inWords)).toEqual(["+[] ~[] -[] =1"]);
    expect(changes[1]).toMatchObject({ complete: false, files: [{ kept: true, targets: 1 }] });
    expect(changes[1]?.problems).not.toEqual([]);

    for (let step = 0; step < 30; step += 1) await clock.advance(1_000);
    expect(changes).toHaveLength(2);
    await write("a.yml", "b.example/:\n");
    await until(3);
    expect(changes.slice(2).map(inWords)).toEqual(["+[b.example/] ~[] -[a.example/] =0"]);
    expect(changes[2]).toMatchObject({ problems: [], complete: true });
  });

  it("keeps everything while the folder can't be listed", async () => {
    await write("a.yml", "a.example/:\n");
    await start();
    await rename(dir, `${dir}-away`);
    await until(2);
    expect(changes[1]).toMatchObject({ added: [], removed: [], unchanged: 1, complete: false });
    expect(changes[1]?.problems).toMatchObject([
      { file: dir, found: "an unreadable one (ENOENT)" },
    ]);
    await rename(`${dir}-away`, dir);
    await until(3);
    expect(changes[2]).toMatchObject({ removed: [], unchanged: 1, problems: [], complete: true });
  });

  it("wakes at an event, without waiting for the next poll", async () => {
    await start();
    await write("a.yml", "a.example/:\n");
    const before = clock.now();
    wake();
    await until(2, 100);
    expect(clock.now() - before).toBeGreaterThanOrEqual(200);
    expect(clock.nextAlarmMs()).toBeDefined();
  });

  it("tells a change again, with what came since, when it was rejected", async () => {
    let rejections = 0;
    await start((change) => {
      if (changes.length === 1 && rejections < 3) {
        rejections += 1;
        throw new Error("the store is away");
      }
      told(change);
    });
    await write("a.yml", "a.example/:\n");
    await pass(() => rejections >= 2);
    await write("b.yml", "b.example/:\n");
    await until(2);
    expect(rejections).toBe(3);
    expect(changes.slice(1).map(inWords)).toEqual(["+[a.example/ b.example/] ~[] -[] =0"]);
  });

  it("tells one change at a time", async () => {
    const gate = Promise.withResolvers<undefined>();
    let open = 0;
    await start(async (change) => {
      open += 1;
      expect(open).toBe(1);
      if (changes.length === 1) await gate.promise;
      open -= 1;
      told(change);
    });
    await write("a.yml", "a.example/:\n");
    await pass(() => open > 0);
    await write("b.yml", "b.example/:\n");
    await clock.advance(20_000);
    expect(changes).toHaveLength(1);
    gate.resolve(undefined);
    await until(3);
    expect(changes.slice(1).map(inWords)).toEqual([
      "+[a.example/] ~[] -[] =0",
      "+[b.example/] ~[] -[] =1",
    ]);
  });

  it("leaves nothing open", async () => {
    const watch = await start();
    await clock.settle();
    expect(clock.pending).toBe(1);
    await watch.close();
    expect(clock.pending).toBe(0);
  });

  it("is woken by the file system itself", async () => {
    // Real alarms, but no poll within the test: only an event can wake it.
    const real: Clock = {
      now: () => clock.now(),
      after(span, fire) {
        if (span > 1_000) return () => undefined;
        const timer = setTimeout(fire, span);
        return () => {
          clearTimeout(timer);
        };
      },
    };
    const second = Promise.withResolvers<FolderChange>();
    const options = { policies: POLICIES_DEFAULT, clock: real, settleMs: durationMs(10) };
    const watch = await watchEndpointFolder(dir, options, (change) => {
      if (change.added.length > 0) second.resolve(change);
    });
    watches.push(watch);
    await write("a.yml", "a.example/:\n");
    expect(inWords(await second.promise)).toBe("+[a.example/] ~[] -[] =0");
  });
});
