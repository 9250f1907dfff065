/**
 * One connection and its HTTP/1.1 client: at most one socket, at most one exchange at a time.
 *
 * States: idle (lent to nobody) → lent → idle …; discarded from either, for good. Its socket opens
 *         when the first exchange is dispatched, and again should the server have ended it.
 * Holds:  `sockets` counts descriptors in truth, from connect() to the event `close`.
 */
import type { Socket } from "node:net";
import { CaptureError } from "./failures.ts";
import { openConnection, type Connecting, type Opened } from "./connect.ts";
import type { Origin } from "./origin.ts";
import { Client } from "./undici.ts";

/** Who has a connection: one capture. */
export interface Borrower {
  /** Whether it still wants the connection it asked for. */
  isWaiting(): boolean;
  lend(connection: Connection): void;
  /** The connection has no socket and opens one. */
  connecting(): void;
}

export interface ConnectionEvents {
  /** The socket is open, its address known. */
  opened(connection: Connection): void;
  /** The socket has ended; a new one opens if an exchange needs it. */
  ended(connection: Connection): void;
  /** A discarded connection has no socket left. */
  gone(connection: Connection): void;
}

export interface ConnectionOptions {
  readonly names: Connecting["names"];
  readonly guard: Connecting["guard"];
  /** How long an idle connection is kept when the server names no time. */
  readonly keepAliveMs: number;
  readonly events: ConnectionEvents;
}

const KEEP_ALIVE_MAX_MS = 600_000;

/** A class, because its methods are called by name from several files and hot paths. */
export class Connection {
  readonly client: Client;
  readonly origin: Origin;
  borrower: Borrower | undefined = undefined;
  /** Of the present socket; undefined while there is none. */
  opened: Opened | undefined = undefined;
  /** Answers that came over the present socket. */
  answers = 0;
  discarded = false;
  /** Not to be lent again once it is given back. */
  retired = false;
  private sockets = 0;
  private abort: AbortController | undefined = undefined;
  private readonly options: ConnectionOptions;

  constructor(origin: Origin, options: ConnectionOptions) {
    this.origin = origin;
    this.options = options;
    const host = origin.hostname.includes(":") ? `[${origin.hostname}]` : origin.hostname;
    this.client = new Client(`${origin.secure ? "https" : "http"}://${host}:${origin.port}`, {
      connect: (_, callback) => {
        this.open().then(
          ({ socket }) => callback(null, socket),
          (error: unknown) => callback(toError(error), null),
        );
      },
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: options.keepAliveMs,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
      // All limits are ours, on one timer (deadlines.ts).
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.client.on("disconnect", () => {
      this.opened = undefined;
      this.answers = 0;
      options.events.ended(this);
    });
  }

  /** Ends the exchange and the socket. */
  discard(reason: Error): void {
    if (this.discarded) return;
    this.discarded = true;
    this.abort?.abort(reason);
    this.client.destroy(reason, nothing);
    if (this.sockets === 0) this.options.events.gone(this);
  }

  private async open(): Promise<Opened> {
    const abort = new AbortController();
    this.abort = abort;
    this.borrower?.connecting();
    try {
      const { names, guard } = this.options;
      const onSocket = (socket: Socket): void => this.count(socket);
      const { signal } = abort;
      this.opened = await openConnection(this.origin, { names, guard, onSocket, signal });
    } finally {
      this.abort = undefined;
    }
    this.options.events.opened(this);
    return this.opened;
  }

  private count(socket: Socket): void {
    this.sockets += 1;
    socket.once("close", () => {
      this.sockets -= 1;
      if (this.discarded && this.sockets === 0) this.options.events.gone(this);
    });
  }
}

function nothing(): void {
  // Destroying reports when it is done; the sockets' own events say it more exactly.
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new CaptureError("internal", String(error));
}
