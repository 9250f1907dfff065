/**
 * Values numbered from 0 on, equal ones with the same number.
 *
 * Holds: a number's value is always the very same object, so that later steps find it by identity.
 */
import { canonical, remember } from "./canonical.ts";

export interface Interned {
  idOf(value: unknown): number;
  valueOf(id: number): unknown;
  readonly size: number;
}

export function interned(): Interned {
  const values: unknown[] = [];
  const byIdentity = new Map<unknown, number>();
  const byText = new Map<string, number>();

  return {
    idOf(value) {
      const known = byIdentity.get(value);
      if (known !== undefined) return known;
      const text = canonical(value);
      const equal = byText.get(text);
      if (equal !== undefined) return equal;
      const id = values.length;
      values.push(value);
      byIdentity.set(value, id);
      byText.set(text, id);
      remember(value);
      return id;
    },
    valueOf: (id) => values[id],
    get size() {
      return values.length;
    },
  };
}
