/** What store calls consume, by operation: part of what a collector reports. */
export interface CapacityMeter {
  record(operation: string, units: { readonly read: number; readonly write: number }): void;
  /** Units since the meter was made, by operation. */
  totals(): ReadonlyMap<
    string,
    { readonly read: number; readonly write: number; readonly calls: number }
  >;
}
