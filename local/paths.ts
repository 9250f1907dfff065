/** Where everything lies in a data folder. */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

export interface DataPaths {
  readonly root: string;
  readonly locks: string;
  readonly store: string;
  readonly logs: string;
  readonly samples: string;
  readonly metrics: string;
  readonly compileCache: string;
  readonly state: string;
  readonly registered: string;
  readonly alarms: string;
}

export function dataPaths(folder: string): DataPaths {
  const root = resolve(folder);
  return {
    root,
    locks: join(root, "locks"),
    store: join(root, "store.db"),
    logs: join(root, "logs"),
    samples: join(root, "samples"),
    metrics: join(root, "metrics"),
    compileCache: join(root, "compile-cache"),
    state: join(root, "cloud.json"),
    registered: join(root, "registered.json"),
    alarms: join(root, "alarms.json"),
  };
}

/** Places that functions write to are given as URLs: locally a folder, deployed a bucket. */
export function asUrl(folder: string): string {
  return pathToFileURL(folder).href;
}
