/**
 * Freezes a record and all it holds, so that nobody changes what a store keeps or has handed out.
 *
 * Holds: bytes can't be frozen and are copied.
 */
export function frozen<T>(value: T): T {
  return freeze(value) as T;
}

function freeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return Object.freeze(value.map(freeze));
  return Object.freeze(
    Object.fromEntries(Object.entries(value).map(([name, member]) => [name, freeze(member)])),
  );
}
