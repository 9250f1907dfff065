/** Which lamplighter this is, and under which Node. */
import { readFileSync } from "node:fs";

export function versionText(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const version = /"version": "(?<version>[^"]+)"/u.exec(text)?.groups?.["version"] ?? "unknown";
  return `lamplighter ${version} (Node ${process.version})`;
}
