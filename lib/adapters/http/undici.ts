/**
 * The parts of undici that the probe uses, without the rest: fetch, websockets, caches and mocks are
 * half of the package's code, and all of it would be parsed when a function starts.
 *
 * Holds: these are the same objects as the package's own exports (test/adapters/http/undici.test.ts
 *        says so when a new version moves them). The package names no `exports`, so its files may be
 *        imported.
 * Numbers: bundle of collect 1,588 KB with the whole package, 1,295 KB with these
 *        (2026-11, `npm run bench:bundle`).
 */
import PartClient from "undici/lib/dispatcher/client.js";
import partErrors from "undici/lib/core/errors.js";
import type { Client as WholeClient, errors as wholeErrors } from "undici";

/** What the probe calls; the package adds request(), stream() and others when all of it is loaded. */
export type Client = Pick<WholeClient, "dispatch" | "destroy" | "on">;

export const Client: new (...from: ConstructorParameters<typeof WholeClient>) => Client =
  PartClient;

export const errors: Pick<
  typeof wholeErrors,
  | "InvalidArgumentError"
  | "HeadersOverflowError"
  | "ResponseContentLengthMismatchError"
  | "HTTPParserError"
  | "SocketError"
> = partErrors;
