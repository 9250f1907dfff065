/** What store calls consume, by operation: part of what every function reports. */
export interface CapacityMeter {
  record(operation: string, units: { readonly read: number; readonly write: number }): void;
  /** Units since the meter was made, by operation. */
  totals(): ReadonlyMap<
    string,
    { readonly read: number; readonly write: number; readonly calls: number }
  >;
  /** Units since the last time they were taken: whoever takes them tells of them, once. */
  takeUnits(): number;
  /** Gives units back that could not be told of: the next who takes them tells of them. */
  returnUnits(units: number): void;
  /** Attempts that the store refused to serve for now, whether or not a later one was served. */
  throttle(attempts?: number): void;
  /** Such attempts since the last time they were taken: whoever takes them tells of them, once. */
  takeThrottled(): number;
}
