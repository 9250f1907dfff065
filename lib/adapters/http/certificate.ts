/**
 * A server's certificate: whether it is to be trusted, in words when it is not, and how long it
 * lasts.
 *
 * The handshake is let through and judged here, so that a refused certificate can be described:
 * nothing is sent before.
 */
import type { PeerCertificate, TLSSocket } from "node:tls";
import { CaptureError } from "./failures.ts";

const DAY_MS = 86_400_000;
const NAMES_SHOWN = 5;

/** End of validity in epoch ms; undefined when the server showed no certificate. */
export function validUntil(socket: TLSSocket): number | undefined {
  const until = Date.parse(socket.getPeerCertificate().valid_to);
  return Number.isNaN(until) ? undefined : until;
}

/** Whole days from `now` to `until`; negative when it has passed. */
export function daysLeft(until: number, now: number): number {
  return Math.floor((until - now) / DAY_MS);
}

/** The failure of a connection whose certificate does not verify; undefined when it does. */
export function distrust(socket: TLSSocket, servername: string): CaptureError | undefined {
  if (socket.authorized) return undefined;
  // Typed as an Error by Node's declarations, in fact the error's code as text.
  const reason: unknown = socket.authorizationError;
  const code = reason instanceof Error ? reason.message : String(reason);
  return new CaptureError("certificate", sentence(code, socket.getPeerCertificate(), servername));
}

function sentence(code: string, certificate: PeerCertificate, servername: string): string {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return `the certificate of ${servername} expired on ${certificate.valid_to}`;
    case "CERT_NOT_YET_VALID":
      return `the certificate of ${servername} is valid only from ${certificate.valid_from} on`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `the certificate is for ${namesIn(certificate)}, not for ${servername}`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return `the certificate of ${servername} is self-signed: name its authority with \`ca\``;
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return (
        `the certificate of ${servername} is signed by an unknown authority, ` +
        `or the server leaves out an intermediate certificate (${code})`
      );
    default:
      return `the certificate of ${servername} can't be trusted (${code})`;
  }
}

function namesIn(certificate: PeerCertificate): string {
  const names = (certificate.subjectaltname ?? "").split(", ").filter((name) => name !== "");
  if (names.length === 0) return "no name";
  const shown = names.slice(0, NAMES_SHOWN).map((name) => name.replace(/^[^:]*:/u, ""));
  return shown.join(", ") + (names.length > NAMES_SHOWN ? " and others" : "");
}
