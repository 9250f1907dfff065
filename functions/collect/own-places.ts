/**
 * What no target may reach from a collector: the store, whoever starts functions, what stands in for
 * AWS's services, and the runtime's own interfaces, which hand out events and the role's keys.
 */
const NAMES = new Set([
  "STORE_ENDPOINT",
  "INVOKE_ENDPOINT",
  "AWS_ENDPOINT_URL",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
]);
const HTTP_PORT = "80";
const HTTPS_PORT = "443";

/** @returns `host:port` pairs. */
export function ownPlaces(environment: Readonly<Record<string, string | undefined>>): string[] {
  const urls = Object.entries(environment).flatMap(([name, url]) =>
    isPlace(name) && url !== undefined ? [url] : [],
  );
  const runtime = environment["AWS_LAMBDA_RUNTIME_API"];
  if (runtime !== undefined && runtime !== "") urls.push(`http://${runtime}`);
  return urls.flatMap(placeOf);
}

function isPlace(name: string): boolean {
  return NAMES.has(name) || name.startsWith("AWS_ENDPOINT_URL_");
}

function placeOf(text: string): readonly string[] {
  const url = URL.parse(text);
  // What is no URL leads nowhere, for a target neither.
  if (url === null) return [];
  const { hostname, port, protocol } = url;
  return [`${hostname}:${port === "" ? (protocol === "https:" ? HTTPS_PORT : HTTP_PORT) : port}`];
}
