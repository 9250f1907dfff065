/**
 * The demo's endpoints: how each of them answers, and what is expected of it.
 *
 * Some fail on purpose, so that the first minute shows what a failure looks like.
 */
import { every } from "#domain/cadence.ts";
import type { Assertion, HttpSettings } from "#domain/http-settings.ts";
import type { TargetDefinition } from "#domain/target.ts";
import { durationMs } from "#domain/units.ts";

/** How an endpoint answers, as its path says it. */
export type Behaviour =
  | {
      readonly kind: "json";
      readonly status: number;
      readonly body: object;
      readonly afterMs: number;
    }
  /** Fails every third time. */
  | { readonly kind: "flaky" }
  | { readonly kind: "hang" };

interface Endpoint {
  readonly path: string;
  readonly name: string;
  readonly behaviour: Behaviour;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly assertions: readonly Assertion[];
  readonly keep?: readonly string[];
}

const SUCCEEDS: Assertion = { kind: "status", allowed: [[200, 299]] };
const SAYS_OK: Assertion = { kind: "json", path: "status", op: "==", value: "ok" };

const ok = (afterMs: number, body: object = { status: "ok" }): Behaviour => ({
  kind: "json",
  status: 200,
  body,
  afterMs,
});

export const BUILT_IN: readonly Endpoint[] = [
  {
    path: "healthy",
    name: "healthy",
    behaviour: ok(3),
    everyMs: 5_000,
    timeoutMs: 2_000,
    assertions: [SUCCEEDS, SAYS_OK],
  },
  {
    path: "version",
    name: "JSON with a version, which is kept",
    behaviour: ok(12, { status: "ok", app: "lantern", version: "1.4.2" }),
    everyMs: 5_000,
    timeoutMs: 2_000,
    assertions: [SUCCEEDS, SAYS_OK],
    keep: ["app", "version"],
  },
  {
    path: "steady",
    name: "healthy, every 10 s",
    behaviour: ok(40),
    everyMs: 10_000,
    timeoutMs: 2_000,
    assertions: [SUCCEEDS],
  },
  {
    path: "slow",
    name: "slow",
    behaviour: ok(1_200),
    everyMs: 5_000,
    timeoutMs: 3_000,
    assertions: [SUCCEEDS],
  },
  {
    path: "flaky",
    name: "fails every third time",
    behaviour: { kind: "flaky" },
    everyMs: 5_000,
    timeoutMs: 2_000,
    assertions: [SUCCEEDS],
  },
  {
    path: "failing",
    name: "fails on purpose",
    behaviour: { kind: "json", status: 503, body: { status: "down" }, afterMs: 5 },
    everyMs: 5_000,
    timeoutMs: 2_000,
    assertions: [SUCCEEDS],
  },
  {
    path: "degraded",
    name: "answers 200, but not what is expected",
    behaviour: ok(8, { status: "degraded" }),
    everyMs: 10_000,
    timeoutMs: 2_000,
    assertions: [SUCCEEDS, SAYS_OK],
  },
  {
    path: "hanging",
    name: "never answers",
    behaviour: { kind: "hang" },
    everyMs: 10_000,
    timeoutMs: 1_500,
    assertions: [SUCCEEDS],
  },
];

/** @param origin of the demo's server, e.g. `http://127.0.0.1:4567`. */
export function builtInTargets(origin: string): TargetDefinition[] {
  return BUILT_IN.map((endpoint) => definition(origin, endpoint));
}

/** Many endpoints of mixed latency, errors and time-outs. */
export function mixedTargets(origin: string, count: number): TargetDefinition[] {
  const digits = String(count).length;
  return Array.from({ length: count }, (_, index) =>
    definition(origin, {
      path: `mixed/${String(index + 1).padStart(digits, "0")}`,
      name: "",
      behaviour: mixedBehaviour(index + 1),
      everyMs: count <= TEN_SECONDS_UP_TO ? 10_000 : 60_000,
      timeoutMs: 2_000,
      assertions: [SUCCEEDS],
    }),
  );
}

/** More than that would ask too much of a laptop every ten seconds. */
const TEN_SECONDS_UP_TO = 5_000;

/** Of a hundred: 84 fast, 8 slow, 3 flaky, 3 failing, 2 that never answer. */
export function mixedBehaviour(number: number): Behaviour {
  // Neighbours differ, and the same number is the same endpoint at every start.
  const share = (number * 37) % 100;
  if (share < 84) return ok(1 + (number % 50));
  if (share < 92) return ok(300 + (number % 1_000));
  if (share < 95) return { kind: "flaky" };
  if (share < 98) return { kind: "json", status: 500, body: { status: "down" }, afterMs: 5 };
  return { kind: "hang" };
}

export function behaviourOf(path: string): Behaviour | undefined {
  const mixed = /^\/mixed\/(\d{1,9})$/u.exec(path)?.[1];
  if (mixed !== undefined) return mixedBehaviour(Number(mixed));
  return BUILT_IN.find((endpoint) => `/${endpoint.path}` === path)?.behaviour;
}

function definition(origin: string, endpoint: Endpoint): TargetDefinition {
  const { path, name, everyMs, timeoutMs, assertions, keep = [] } = endpoint;
  const probe: HttpSettings = {
    kind: "http",
    url: `${origin}/${path}`,
    method: "GET",
    headers: {},
    timeoutMs: durationMs(timeoutMs),
    redirectsMax: 0,
    insecure: false,
    keep,
    assertions,
  };
  return {
    id: `demo/${path}`,
    ...(name !== "" && { name }),
    probe,
    cadence: every(everyMs),
    tags: { source: "demo" },
  };
}
