/**
 * All connections of a probe: kept alive for reuse, within a budget of sockets, with limits per
 * host.
 *
 * Who finds none free waits in line: per host while the host's limits say so, and hosts in turn
 * while all sockets are in use. Idle connections give way, the least recently used first.
 *
 * Holds: sockets, idle and closing ones included, never exceed `socketsMax`.
 * Source: DESIGN, section 4 ("at most 800 sockets").
 */
import { Connection, type Borrower, type ConnectionEvents } from "./connection.ts";
import type { Connecting } from "./connect.ts";
import { CaptureError } from "./failures.ts";
import { isInside, newHost, nextWaiting, type Host } from "./host.ts";
import type { Origin } from "./origin.ts";

export interface ConnectionsOptions {
  readonly socketsMax: number;
  /** Exchanges at once with one host. */
  readonly perHostMax: number;
  /** Between two starts at one host, ms. */
  readonly perHostGapMs: number;
  /** How long an idle connection is kept when the server names no time. */
  readonly keepAliveMs: number;
  readonly names: Connecting["names"];
  readonly guard: Connecting["guard"];
}

const EVICTED = new CaptureError("stopped", "the connection gave way to another");
const REFRESHED = new CaptureError("stopped", "connections were dropped");
const ENDED = new CaptureError("reset", "the server ended the idle connection");

/** A class, so that its many small moves over one state can stand apart and be read one by one. */
export class Connections implements ConnectionEvents {
  private readonly options: ConnectionsOptions;
  private readonly hosts = new Map<string, Host>();
  /** Least recently used first. */
  private readonly idle = new Set<Connection>();
  /** Hosts that lack nothing but a socket, in turn. */
  private readonly starved = new Set<Host>();
  private whenEmpty: (() => void)[] = [];
  /** Connections with a claim to a socket, closing ones included. */
  private open = 0;
  private closing = 0;
  private orders = 0;

  constructor(options: ConnectionsOptions) {
    this.options = options;
  }

  /** Lends a connection, now or when one is free; `fresh`: one that was never used. */
  borrow(origin: Origin, borrower: Borrower, fresh = false): void {
    const host = this.hostOf(origin);
    if (!fresh && host.waiting.size() === 0 && this.mayStart(host)) {
      const connection = this.find(host, false);
      if (connection !== undefined) {
        this.lend(host, connection, borrower);
        return;
      }
    }
    this.orders += 1;
    host.waiting.push({ borrower, order: this.orders, fresh });
    this.serve(host);
  }

  /** Takes a connection back after a complete answer. */
  giveBack(connection: Connection): void {
    if (connection.discarded) return;
    const host = this.hostOf(connection.origin);
    if (connection.retired || (this.starved.size > 0 && this.othersFirst(host))) {
      this.discard(connection, connection.retired ? REFRESHED : EVICTED);
      return;
    }
    host.lent -= 1;
    connection.borrower = undefined;
    host.idle.push(connection);
    this.idle.add(connection);
    if (host.waiting.size() > 0) this.serve(host);
  }

  /** Ends a connection, lent or idle. */
  discard(connection: Connection, reason: Error): void {
    if (connection.discarded) return;
    const host = this.hostOf(connection.origin);
    host.all.delete(connection);
    if (connection.borrower === undefined) {
      this.idle.delete(connection);
      const at = host.idle.indexOf(connection);
      if (at !== -1) host.idle.splice(at, 1);
    } else {
      connection.borrower = undefined;
      host.lent -= 1;
    }
    this.closing += 1;
    connection.discard(reason);
    this.serve(host);
    this.forgetIfUnused(host);
  }

  /** Ends idle connections now, and lent ones when they are given back. */
  refresh(): void {
    for (const connection of [...this.idle]) this.discard(connection, REFRESHED);
    for (const host of this.hosts.values()) for (const lent of host.all) lent.retired = true;
  }

  /** Ends everything; resolves when the last socket is closed. */
  async close(): Promise<void> {
    for (const host of [...this.hosts.values()]) {
      clearTimeout(host.gapTimer);
      host.gapTimer = undefined;
      host.nextStartAt = 0;
      for (const connection of [...host.all]) this.discard(connection, REFRESHED);
    }
    if (this.open > 0) await new Promise<void>((resolve) => this.whenEmpty.push(resolve));
  }

  stats(): { readonly open: number; readonly idle: number; readonly hosts: number } {
    return { open: this.open, idle: this.idle.size, hosts: this.hosts.size };
  }

  opened(connection: Connection): void {
    const host = this.hostOf(connection.origin);
    // Through a proxy the address is the proxy's, not the host's.
    if (!host.limited || connection.origin.proxy !== undefined) return;
    if (!isInside(connection.opened?.remoteAddress ?? "")) return;
    host.limited = false;
    this.serve(host);
  }

  ended(connection: Connection): void {
    if (connection.borrower === undefined) this.discard(connection, ENDED);
  }

  gone(): void {
    this.open -= 1;
    this.closing -= 1;
    const [first] = this.starved;
    if (first !== undefined) this.serve(first);
    if (this.open > 0) return;
    const waiting = this.whenEmpty;
    this.whenEmpty = [];
    for (const wake of waiting) wake();
  }

  private hostOf(origin: Origin): Host {
    const known = this.hosts.get(origin.key);
    if (known !== undefined) return known;
    const host = newHost(origin);
    this.hosts.set(origin.key, host);
    return host;
  }

  private forgetIfUnused(host: Host): void {
    if (host.all.size > 0 || host.waiting.size() > 0 || host.gapTimer !== undefined) return;
    const gapMs = host.nextStartAt - performance.now();
    if (gapMs > 0) this.wakeAfter(host, gapMs);
    else if (this.hosts.get(host.origin.key) === host) this.hosts.delete(host.origin.key);
  }

  private wakeAfter(host: Host, gapMs: number): void {
    host.gapTimer ??= setTimeout(() => {
      host.gapTimer = undefined;
      this.serve(host);
      this.forgetIfUnused(host);
    }, gapMs);
  }

  /** Whether the host's own limits let another exchange start now. */
  private mayStart(host: Host): boolean {
    if (!host.limited) return true;
    if (host.lent >= this.options.perHostMax) return false;
    if (this.options.perHostGapMs === 0) return true;
    const gapMs = host.nextStartAt - performance.now();
    if (gapMs > 0) this.wakeAfter(host, gapMs);
    return gapMs <= 0;
  }

  private find(host: Host, fresh: boolean): Connection | undefined {
    const idle = fresh ? undefined : host.idle.pop();
    if (idle !== undefined) {
      this.idle.delete(idle);
      return idle;
    }
    if (this.open >= this.options.socketsMax) return undefined;
    this.open += 1;
    const { names, guard, keepAliveMs } = this.options;
    const made = new Connection(host.origin, { names, guard, keepAliveMs, events: this });
    host.all.add(made);
    return made;
  }

  private lend(host: Host, connection: Connection, borrower: Borrower): void {
    host.lent += 1;
    const gapMs = this.options.perHostGapMs;
    if (gapMs > 0) host.nextStartAt = performance.now() + gapMs;
    connection.borrower = borrower;
    borrower.lend(connection);
  }

  /** Serves who waits for this host, as far as limits and budget go. */
  private serve(host: Host): void {
    this.starved.delete(host);
    for (let next = nextWaiting(host); next !== undefined; next = nextWaiting(host)) {
      if (!this.mayStart(host)) return;
      const connection = this.find(host, next.fresh);
      if (connection === undefined) {
        this.starved.add(host);
        this.makeRoom();
        return;
      }
      host.waiting.shift();
      this.lend(host, connection, next.borrower);
    }
  }

  /** Ends idle connections, one for each host that starves. */
  private makeRoom(): void {
    for (const connection of this.idle) {
      if (this.closing >= this.starved.size) return;
      this.discard(connection, EVICTED);
    }
  }

  /** Whether someone at another host has waited longer than whoever waits for this one. */
  private othersFirst(host: Host): boolean {
    const [first] = this.starved;
    if (first === undefined || first === host) return false;
    const theirs = nextWaiting(first)?.order;
    const ours = nextWaiting(host)?.order;
    return theirs !== undefined && (ours === undefined || theirs < ours);
  }
}
