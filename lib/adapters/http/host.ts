/**
 * What the pool knows of one origin: its connections, who waits for one, and the limits of its host.
 */
import { addressKind } from "#domain/address.ts";
import type { Borrower, Connection } from "./connection.ts";
import { fifo, type Fifo } from "./fifo.ts";
import { isLocalName } from "./guard.ts";
import type { Origin } from "./origin.ts";

export interface Waiting {
  readonly borrower: Borrower;
  /** Who asked first. */
  readonly order: number;
  /** Not over a connection that was used before. */
  readonly fresh: boolean;
}

export interface Host {
  readonly origin: Origin;
  /** Whether limits hold: not for loopback and private addresses. */
  limited: boolean;
  lent: number;
  /** Last used last. */
  readonly idle: Connection[];
  readonly all: Set<Connection>;
  readonly waiting: Fifo<Waiting>;
  /** On the scale of performance.now(). */
  nextStartAt: number;
  gapTimer: NodeJS.Timeout | undefined;
}

export function newHost(origin: Origin): Host {
  return {
    origin,
    limited: !isLocalName(origin.hostname) && !isInside(origin.hostname),
    lent: 0,
    idle: [],
    all: new Set(),
    waiting: fifo(),
    nextStartAt: 0,
    gapTimer: undefined,
  };
}

/** Loopback and private addresses: our own, so that they need no protection from us. */
export function isInside(address: string): boolean {
  const kind = addressKind(address);
  return kind === "loopback" || kind === "private";
}

/** The longest waiting who still waits. */
export function nextWaiting(host: Host): Waiting | undefined {
  for (let left = host.waiting.size(); left > 0; left -= 1) {
    const next = host.waiting.peek();
    if (next?.borrower.isWaiting() === true) return next;
    host.waiting.shift();
  }
  return undefined;
}
