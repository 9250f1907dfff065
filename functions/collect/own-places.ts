/**
 * What no target may reach from a collector: the store, whoever starts functions, and the runtime's
 * own interface, which hands out events and the role's keys.
 */
const HTTP_PORT = "80";
const HTTPS_PORT = "443";

/** @returns `host:port` pairs. */
export function ownPlaces(environment: Readonly<Record<string, string | undefined>>): string[] {
  const urls = ["STORE_ENDPOINT", "INVOKE_ENDPOINT"].flatMap((name) => environment[name] ?? []);
  const runtime = environment["AWS_LAMBDA_RUNTIME_API"];
  return [
    ...urls.filter((url) => url !== "").map(placeOf),
    ...(runtime === undefined || runtime === "" ? [] : [placeOf(`http://${runtime}`)]),
  ];
}

function placeOf(text: string): string {
  const { hostname, port, protocol } = new URL(text);
  return `${hostname}:${port === "" ? (protocol === "https:" ? HTTPS_PORT : HTTP_PORT) : port}`;
}
