/**
 * Opens one connection: name, guard, TCP, proxy, TLS; each timed.
 *
 * Addresses are tried one after the other: first all of them briefly, then patiently, so that a
 * family without a way out costs 300 ms and a slow network still connects. There is never more
 * than one socket at a time, so that the budget of sockets is kept.
 *
 * In:    Origin, and an AbortSignal that ends the attempt    Out: Opened
 * Fails: CaptureError (dns, connect, tls, certificate, forbidden-address, configuration).
 *        On failure no socket stays open.
 */
import { X509Certificate } from "node:crypto";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { distrust, validUntil } from "./certificate.ts";
import { CaptureError, codeOf, connectFailure } from "./failures.ts";
import { type Guard } from "./guard.ts";
import type { Address, Names } from "./names.ts";
import { placeName, type Origin, type Place } from "./origin.ts";
import { tunnel } from "./tunnel.ts";

export interface Opened {
  readonly socket: Socket;
  readonly remoteAddress: string;
  /** Milliseconds; undefined where the phase did not take place. */
  readonly dns: number | undefined;
  readonly connect: number;
  readonly tls: number | undefined;
  /** End of the certificate's validity, epoch ms. */
  readonly certificateUntil: number | undefined;
}

export interface Connecting {
  readonly names: Names;
  readonly guard: Guard;
  /** Told of each socket as it is made. */
  readonly onSocket: (socket: Socket) => void;
  readonly signal: AbortSignal;
}

export async function openConnection(origin: Origin, connecting: Connecting): Promise<Opened> {
  const startedAt = performance.now();
  const { addresses, resolved } = await addressesOf(origin, connecting);
  const resolvedAt = performance.now();
  const place = origin.proxy ?? origin;
  const raw = await connectAny(addresses, place, connecting);
  const remoteAddress = raw.remoteAddress ?? "";
  try {
    if (origin.proxy !== undefined && origin.secure) {
      await tunnel(raw, origin, connecting.signal);
    }
    const connectedAt = performance.now();
    const phases = {
      remoteAddress,
      dns: resolved ? resolvedAt - startedAt : undefined,
      connect: connectedAt - resolvedAt,
    };
    if (!origin.secure) {
      return { ...phases, socket: raw, tls: undefined, certificateUntil: undefined };
    }
    const { socket, certificateUntil } = await secure(raw, origin, connecting.signal);
    return { ...phases, socket, tls: performance.now() - connectedAt, certificateUntil };
  } catch (error) {
    raw.destroy();
    throw error;
  }
}

async function addressesOf(
  origin: Origin,
  { names, guard, signal }: Connecting,
): Promise<{ readonly addresses: readonly Address[]; readonly resolved: boolean }> {
  const refused = guard.refusesHost(origin.hostname, origin.port);
  if (refused !== undefined) throw new CaptureError("forbidden-address", refused);
  const { hostname, port } = origin.proxy ?? origin;
  // Through a proxy the target's name is resolved there; its own address is checked here.
  if (origin.proxy !== undefined && isIP(origin.hostname) !== 0) {
    await assertAllowed(guard, [{ address: origin.hostname, family: 0 }], origin.port);
  }
  const literal = isIP(hostname);
  if (literal !== 0 && origin.family !== 0 && literal !== origin.family) {
    const message = `${hostname} is an IPv${literal} address, and IPv${origin.family} is asked for`;
    throw new CaptureError("configuration", message);
  }
  const addresses =
    literal === 0
      ? await orAborted(names.find(hostname, origin.family), signal)
      : [{ address: hostname, family: literal }];
  if (addresses.length === 0) throw new CaptureError("dns", `the name ${hostname} has no address`);
  await assertAllowed(guard, addresses, port);
  return { addresses, resolved: literal === 0 };
}

async function assertAllowed(
  guard: Guard,
  addresses: readonly Address[],
  port: number,
): Promise<void> {
  const refused = await guard.refusesAddresses(addresses, port);
  if (refused !== undefined) throw new CaptureError("forbidden-address", refused);
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(abortReason(signal));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise
      .finally(() => signal.removeEventListener("abort", stop))
      .then(resolve, (error: unknown) => reject(asError(error)));
  });
}

function abortReason(signal: AbortSignal): Error {
  return asError(signal.reason);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

const BRIEF_MS = 300;

async function connectAny(
  addresses: readonly Address[],
  place: Place,
  connecting: Connecting,
): Promise<Socket> {
  const brief = addresses.length > 1 ? addresses : [];
  let last: unknown;
  // Refused at once is refused for good; only what was too slow is tried again.
  const slow: Address[] = addresses.length > 1 ? [] : [...addresses];
  for (const address of brief) {
    try {
      return await connectOne(address, place, { ...connecting, limitMs: BRIEF_MS });
    } catch (error) {
      connecting.signal.throwIfAborted();
      if (error === TOO_SLOW) slow.push(address);
      else last = error;
    }
  }
  for (const address of slow) {
    try {
      return await connectOne(address, place, { ...connecting, limitMs: undefined });
    } catch (error) {
      connecting.signal.throwIfAborted();
      last = error;
    }
  }
  throw connectFailure(last, placeName(place));
}

const TOO_SLOW = new Error("too slow");

/** Rejects only after the socket is closed. */
function connectOne(
  { address, family }: Address,
  { port }: Place,
  { onSocket, signal, limitMs }: Connecting & { readonly limitMs: number | undefined },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connectTcp({ host: address, port, family, noDelay: true });
    onSocket(socket);
    let failure: Error | undefined;
    const onError = (error: Error): void => {
      failure ??= error;
    };
    const stop = (): void => {
      failure ??= abortReason(signal);
      socket.destroy();
    };
    const timer =
      limitMs === undefined
        ? undefined
        : setTimeout(() => {
            failure ??= TOO_SLOW;
            socket.destroy();
          }, limitMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      socket.off("close", onClose);
      socket.off("connect", onConnect);
    };
    const onClose = (): void => {
      settle();
      reject(failure ?? new Error("closed"));
    };
    const onConnect = (): void => {
      settle();
      resolve(socket);
    };
    signal.addEventListener("abort", stop, { once: true });
    // The listener for errors stays: until the next one comes, an error would end the process.
    socket.on("error", onError).once("close", onClose).once("connect", onConnect);
  });
}

function secure(
  raw: Socket,
  origin: Origin,
  signal: AbortSignal,
): Promise<{ readonly socket: Socket; readonly certificateUntil: number | undefined }> {
  const { servername } = origin;
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      socket: raw,
      secureContext: contextFor(origin.ca),
      // For an address there is no server name, but the certificate must name it all the same.
      ...(isIP(servername) === 0 ? { servername } : { host: servername }),
      ALPNProtocols: ["http/1.1"],
      // Judged below, so that what is wrong can be said. Nothing is sent before.
      rejectUnauthorized: false,
    });
    const stop = (): void => {
      socket.destroy(abortReason(signal));
    };
    const onError = (error: Error): void => {
      signal.removeEventListener("abort", stop);
      reject(signal.aborted ? abortReason(signal) : tlsFailure(error, origin));
    };
    const onClose = (): void => onError(new Error("closed"));
    signal.addEventListener("abort", stop, { once: true });
    socket.on("error", onError).once("close", onClose);
    socket.once("secureConnect", () => {
      signal.removeEventListener("abort", stop);
      const failure = origin.insecure ? undefined : distrust(socket, servername);
      if (failure !== undefined) {
        socket.destroy();
        reject(failure);
        return;
      }
      socket.off("close", onClose);
      resolve({ socket, certificateUntil: validUntil(socket) });
    });
  });
}

function tlsFailure(error: Error, origin: Origin): CaptureError {
  const code = codeOf(error);
  const place = placeName(origin);
  const reason =
    code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG"
      ? "it speaks no TLS on this port"
      : (code ?? error.message);
  return new CaptureError("tls", `no TLS connection to ${place}: ${reason}`, { cause: error });
}

// A context costs milliseconds to make (it reads all certificates that are trusted).
const CONTEXTS_MAX = 100;
const contexts = new Map<string | undefined, SecureContext>();

function contextFor(ca: string | undefined): SecureContext {
  const known = contexts.get(ca);
  if (known !== undefined) return known;
  const [oldest] = contexts.keys();
  if (contexts.size >= CONTEXTS_MAX) contexts.delete(oldest);
  try {
    // OpenSSL passes over what it can't read; we don't.
    if (ca !== undefined) new X509Certificate(ca);
    const made = createSecureContext(ca === undefined ? {} : { ca, allowPartialTrustChain: true });
    contexts.set(ca, made);
    return made;
  } catch (cause) {
    throw new CaptureError("configuration", "`ca` holds no certificates in PEM form", { cause });
  }
}
