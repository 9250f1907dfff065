/**
 * `ca`: certificates to trust, as PEM text or as the path of a PEM file beside the endpoint file.
 *
 * In:    the field, a reader of files                   Out: PEM with certificates only
 * Holds: a private key is refused; paths are relative and stay within the endpoint file's folder,
 *        so that a file from elsewhere can't name other files of this machine.
 * Fails: never: everything wrong is a problem at the field.
 */
import { X509Certificate } from "node:crypto";
import { isAbsolute, normalize, sep } from "node:path";
import type { Report } from "./problem.ts";
import { readText } from "./read.ts";
import { show, type SourceNode } from "./source-tree.ts";

/** The text of a file beside the endpoint file, or undefined when it can't be read. */
export type ReadBeside = (relativePath: string) => string | undefined;

const BYTES_MAX = 24_576;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/gu;

export function readCertificates(
  node: SourceNode,
  readBeside: ReadBeside | undefined,
  report: Report,
): string | undefined {
  const text = readText(node, "PEM certificates, or the path of a file with them", report);
  if (text === undefined) return undefined;
  if (text.includes("-----BEGIN")) return checked(text, "a PEM text", node, report);
  if (readBeside === undefined)
    return report.problem(
      node.place,
      show(node),
      "PEM certificates (a path works in an endpoint file only)",
    );
  const path = normalize(text);
  if (isAbsolute(path) || path === ".." || path.startsWith(`..${sep}`) || text.includes("\0")) {
    return report.problem(
      node.place,
      show(node),
      "a path relative to the endpoint file, within its folder",
    );
  }
  const pem = readBeside(path);
  if (pem === undefined)
    return report.problem(
      node.place,
      `${show(node)}, which can't be read`,
      `a PEM file of at most ${BYTES_MAX} bytes beside the endpoint file`,
    );
  return checked(pem, `${show(node)}, a file`, node, report);
}

function checked(pem: string, what: string, node: SourceNode, report: Report): string | undefined {
  if (/PRIVATE KEY-----/u.test(pem))
    return report.problem(node.place, `${what} with a private key`, "certificates only");
  if (Buffer.byteLength(pem) > BYTES_MAX)
    return report.problem(
      node.place,
      `${what} of ${Buffer.byteLength(pem)} bytes`,
      `at most ${BYTES_MAX} bytes`,
    );
  const certificates = pem.match(CERTIFICATE) ?? [];
  if (certificates.length === 0 || !certificates.every(isCertificate)) {
    return report.problem(node.place, `${what} that doesn't parse`, "one or more PEM certificates");
  }
  return `${certificates.join("\n")}\n`;
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
