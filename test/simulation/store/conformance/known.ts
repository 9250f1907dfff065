/**
 * In what the local engine (dynoxide 1.2.1) differs from the service's documentation, and how the
 * comparison allows for it: by its own rule, exactly, never by looking away.
 *
 * The simulation follows the documentation; only while it is compared with the engine does it weigh
 * as the engine does.
 */
import type { Rules } from "../rules.ts";

export interface KnownDifference {
  readonly rule: keyof Rules;
  readonly what: string;
  readonly engine: string;
  readonly documented: string;
  readonly source: string;
}

export const knownDifferences: readonly KnownDifference[] = [
  {
    rule: "gottenBytes",
    what: "units of a GetItem with a projection",
    engine: "by the size of what is projected",
    documented: "by the size of the item: a projection has no effect on what is consumed",
    source: "Read consumption, Developer Guide",
  },
  {
    rule: "oldOfMade",
    what: "ALL_OLD of an update that made its item",
    engine: "the item's key",
    documented: "nothing: there was no item before",
    source: "UpdateItem (ReturnValues), API reference",
  },
  {
    rule: "removeUnreachable",
    what: "REMOVE of something in a document that isn't there",
    engine: "does nothing",
    documented:
      "refused: the document path is invalid for update (nothing is done only where the last step alone is missing)",
    source: "observed on the service: scylladb/scylladb#10043",
  },
  {
    rule: "updatedInList",
    what: "UPDATED_OLD and UPDATED_NEW of a change inside a list",
    engine: "the whole attribute that the list is in",
    documented: "the elements that the expression names, before or after",
    source:
      "observed on the service: test_update_item_returnvalues_nested in scylladb/scylladb, test/alternator",
  },
  {
    rule: "takenFromNothing",
    what: "an update with nothing but REMOVE and DELETE of an item that isn't there",
    engine: "makes an item of the key alone",
    documented: "makes nothing",
    source:
      "observed on the service: test_update_item_non_existent in scylladb/scylladb, test/alternator",
  },
  {
    rule: "setBeyondEnd",
    what: "SET of a list element beyond the end of its list",
    engine: "puts nulls in between",
    documented: "appends it at the end",
    source: "Update expressions: SET, Developer Guide",
  },
  {
    rule: "setInNull",
    what: "SET of something in a null",
    engine: "replaces the null by a map or a list",
    documented: "refused: a nested path needs a document that it leads through",
    source: "Update expressions: SET (adding nested map attributes), Developer Guide",
  },
];

export const engineRules: Rules = {
  gottenBytes: (_, projected) => projected(),
  oldOfMade: "key",
  updatedInList: "whole",
  removeUnreachable: "ignored",
  takenFromNothing: "key",
  setBeyondEnd: "padded",
  setInNull: "replaced",
};
