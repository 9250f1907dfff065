/**
 * What is paid, and what can be had otherwise: by the service's documentation, unless a comparison
 * says so (the local engine does some things in its own way, see conformance/known.ts).
 *
 * Source: "DynamoDB item sizes and formats", "DynamoDB read and write operations" and "Transactions:
 *         capacity management", Amazon DynamoDB Developer Guide (read 2026-11).
 */
import type { OnWrite } from "./table.ts";
export interface Rules {
  /** What a GetItem is paid for. */
  readonly gottenBytes: (stored: number, projected: () => number) => number;
  /** What ALL_OLD tells of an update that made its item: nothing, or just the key. */
  readonly oldOfMade: "nothing" | "key";
  /** What UPDATED_OLD and UPDATED_NEW tell of a change inside a list. */
  readonly updatedInList: "element" | "whole";
  /** A REMOVE of something in what isn't there, or isn't a document. */
  readonly removeUnreachable: "refused" | "ignored";
  /** What an update that only takes away makes of an item that isn't there. */
  readonly takenFromNothing: "nothing" | "key";
  /** What lies between the end of a list and an element set further on. */
  readonly setBeyondEnd: "appended" | "padded";
  /** A SET of something in a null. */
  readonly setInNull: "refused" | "replaced";
}

/** Told of everything consumed, refused writes included. */
export type Charge = (
  tableName: string,
  partition: string,
  units: { readonly read: number; readonly write: number },
) => void;

export interface EngineOptions {
  readonly rules: Rules;
  readonly charge: Charge;
  readonly now: () => number;
  readonly onWrite?: OnWrite | undefined;
}

export const documentedRules: Rules = {
  gottenBytes: (stored) => stored,
  oldOfMade: "nothing",
  updatedInList: "element",
  removeUnreachable: "refused",
  takenFromNothing: "nothing",
  setBeyondEnd: "appended",
  setInNull: "refused",
};

const WRITE_UNIT_BYTES = 1_024;
const READ_UNIT_BYTES = 4_096;
/** Prepared, then committed. */
export const TRANSACTED = 2;

export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
}

export function readUnits(bytes: number, isConsistent: boolean): number {
  const units = Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES));
  return isConsistent ? units : units / 2;
}

export const ITEM_BYTES_MAX = 400 * 1_024;
export const PAGE_BYTES_MAX = 1_024 * 1_024;
export const BATCH_MAX = 25;
export const TRANSACTION_MAX = 100;
/** A token is remembered for so long. */
export const TOKEN_MS = 600_000;
