/**
 * All states that were found, packed: 2 bytes per component, 4 where it has more than 65,536 values.
 *
 * Rows lie in segments; an open-addressing table of row numbers finds equal rows. Beside each row
 * stand its hash, its parent and the number of the step that led to it.
 *
 * Holds: rows are numbered in the order of their finding and never move to another number.
 */
import { interned, type Interned } from "./interned.ts";

const SEGMENT_LOG2 = 14;
const SEGMENT_ROWS = 1 << SEGMENT_LOG2;
const SEGMENT_MASK = SEGMENT_ROWS - 1;
const NARROW_MAX = 0xffff;
const TABLE_FIRST = 1 << 16;
/** Full to three fifths, a table of row numbers is found in in two looks on average. */
const LOAD_MAX = 0.6;

export interface Found {
  readonly row: number;
  readonly isNew: boolean;
}

export interface StateTable<S extends object> {
  /** The row of `state`; `parentRow` is where unchanged components are looked up by identity. */
  find(state: S, from?: Parent<S>): Found;
  stateOf(row: number): S;
  parentOf(row: number): number;
  stepOf(row: number): number;
  readonly size: number;
  readonly bytes: number;
  /** How many different values each component has. */
  values(): Readonly<Record<string, number>>;
}

export interface Parent<S> {
  readonly row: number;
  readonly state: S;
  /** Number of the step among the parent's. */
  readonly step: number;
}

interface Packing {
  readonly interned: readonly Interned[];
  /** First 16-bit unit of each component, and whether it takes two. */
  offsets: number[];
  wide: boolean[];
  units: number;
}

export function stateTable<S extends object>(
  components: readonly (keyof S & string)[],
): StateTable<S> {
  const packing: Packing = {
    interned: components.map(() => interned()),
    offsets: components.map((_, index) => index),
    wide: components.map(() => false),
    units: components.length,
  };
  let segments: Uint16Array[] = [];
  const hashes = growable();
  const parents = growable();
  const steps = growable();
  let table = new Int32Array(TABLE_FIRST);
  let size = 0;
  const ids = new Uint32Array(components.length);
  const parentIds = new Uint32Array(components.length);
  let parentIdsOf = -1;

  function unpack(row: number, into: Uint32Array): void {
    const segment = segments[row >>> SEGMENT_LOG2];
    if (segment === undefined) throw new RangeError(`row ${row} of ${size}`);
    const base = (row & SEGMENT_MASK) * packing.units;
    for (let index = 0; index < into.length; index += 1) {
      const at = base + (packing.offsets[index] ?? 0);
      const low = segment[at] ?? 0;
      into[index] = packing.wide[index] === true ? low + 65_536 * (segment[at + 1] ?? 0) : low;
    }
  }

  function isEqual(row: number): boolean {
    const segment = segments[row >>> SEGMENT_LOG2];
    if (segment === undefined) return false;
    const base = (row & SEGMENT_MASK) * packing.units;
    for (let index = 0; index < ids.length; index += 1) {
      const at = base + (packing.offsets[index] ?? 0);
      const id = ids[index] ?? 0;
      if (segment[at] !== (id & NARROW_MAX)) return false;
      if (packing.wide[index] === true && segment[at + 1] !== id >>> 16) return false;
    }
    return true;
  }

  function write(row: number, from: Uint32Array): void {
    if (row >>> SEGMENT_LOG2 === segments.length)
      segments.push(new Uint16Array(SEGMENT_ROWS * packing.units));
    const segment = segments[row >>> SEGMENT_LOG2];
    if (segment === undefined) throw new RangeError(`row ${row} of ${size}`);
    const base = (row & SEGMENT_MASK) * packing.units;
    for (let index = 0; index < from.length; index += 1) {
      const at = base + (packing.offsets[index] ?? 0);
      const id = from[index] ?? 0;
      segment[at] = id & NARROW_MAX;
      if (packing.wide[index] === true) segment[at + 1] = id >>> 16;
    }
  }

  /** Packs every row anew with four bytes for one component more. */
  function widen(component: number): void {
    const rows = new Uint32Array(components.length * SEGMENT_ROWS);
    const before = { ...packing };
    const wide = packing.wide.map((isWide, index) => isWide || index === component);
    const offsets: number[] = [];
    let units = 0;
    for (const isWide of wide) {
      offsets.push(units);
      units += isWide ? 2 : 1;
    }
    const old = segments;
    const packed: Uint16Array[] = [];
    for (const [number, segment] of old.entries()) {
      Object.assign(packing, before);
      segments = old;
      const first = number << SEGMENT_LOG2;
      const count = Math.min(SEGMENT_ROWS, size - first);
      for (let row = 0; row < count; row += 1) {
        const at = row * components.length;
        unpack(first + row, rows.subarray(at, at + components.length));
      }
      Object.assign(packing, { wide, offsets, units });
      packed[number] = new Uint16Array(SEGMENT_ROWS * units);
      segments = packed;
      for (let row = 0; row < count; row += 1) {
        const at = row * components.length;
        write(first + row, rows.subarray(at, at + components.length));
      }
      segment.fill(0);
    }
    Object.assign(packing, { wide, offsets, units });
    segments = packed;
  }

  function rehash(): void {
    table = new Int32Array(table.length * 2);
    const mask = table.length - 1;
    for (let row = 0; row < size; row += 1) {
      let at = hashes.get(row) & mask;
      while (table[at] !== 0) at = (at + 1) & mask;
      table[at] = row + 1;
    }
  }

  function intern(state: S, from: Parent<S> | undefined): void {
    if (from !== undefined && parentIdsOf !== from.row) {
      unpack(from.row, parentIds);
      parentIdsOf = from.row;
    }
    for (const [index, component] of components.entries()) {
      const value = state[component];
      const id =
        from !== undefined && from.state[component] === value
          ? (parentIds[index] ?? 0)
          : (packing.interned[index]?.idOf(value) ?? 0);
      ids[index] = id;
      if (id > NARROW_MAX && packing.wide[index] !== true) widen(index);
    }
  }

  return {
    find(state, from) {
      intern(state, from);
      const hash = hashOf(ids);
      const mask = table.length - 1;
      let at = hash & mask;
      for (;;) {
        const entry = table[at] ?? 0;
        if (entry === 0) break;
        if (hashes.get(entry - 1) === hash && isEqual(entry - 1))
          return { row: entry - 1, isNew: false };
        at = (at + 1) & mask;
      }
      const row = size;
      table[at] = row + 1;
      write(row, ids);
      size += 1;
      hashes.push(hash);
      parents.push(from?.row ?? 0);
      steps.push(from?.step ?? 0);
      if (size > table.length * LOAD_MAX) rehash();
      return { row, isNew: true };
    },
    stateOf(row) {
      const state: Partial<S> = {};
      const rowIds = new Uint32Array(components.length);
      unpack(row, rowIds);
      for (const [index, component] of components.entries()) {
        const value = packing.interned[index]?.valueOf(rowIds[index] ?? 0);
        // What was interned from this component of an S is what belongs there.
        state[component] = value as S[typeof component];
      }
      return state as S;
    },
    parentOf: (row) => parents.get(row),
    stepOf: (row) => steps.get(row),
    get size() {
      return size;
    },
    get bytes() {
      const rows = segments.length * SEGMENT_ROWS * packing.units * 2;
      return rows + table.byteLength + hashes.bytes + parents.bytes + steps.bytes;
    },
    values: () =>
      Object.fromEntries(
        components.map((component, index) => [component, packing.interned[index]?.size ?? 0]),
      ),
  };
}

/** FNV's idea over whole numbers, with a last stir so that neighbours fall apart. */
function hashOf(ids: Uint32Array): number {
  let hash = 0x81_1c_9d_c5;
  for (const id of ids) {
    hash = Math.imul(hash ^ id, 0x9e_37_79_b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0x85_eb_ca_6b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export interface Growable {
  get(index: number): number;
  set(index: number, value: number): void;
  push(value: number): void;
  readonly bytes: number;
}

/** A list of 32-bit numbers that grows by segments. */
export function growable(): Growable {
  const segments: Uint32Array[] = [];
  let length = 0;
  const segmentOf = (index: number): Uint32Array => {
    const segment = segments[index >>> SEGMENT_LOG2];
    if (segment === undefined) throw new RangeError(`index ${index} of ${length}`);
    return segment;
  };
  return {
    get: (index) => segmentOf(index)[index & SEGMENT_MASK] ?? 0,
    set(index, value) {
      segmentOf(index)[index & SEGMENT_MASK] = value;
    },
    push(value) {
      if (length >>> SEGMENT_LOG2 === segments.length) segments.push(new Uint32Array(SEGMENT_ROWS));
      length += 1;
      segmentOf(length - 1)[(length - 1) & SEGMENT_MASK] = value;
    },
    get bytes() {
      return segments.length * SEGMENT_ROWS * 4;
    },
  };
}
