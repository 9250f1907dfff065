/**
 * A DynamoDB that is simulated: deterministic, in memory, on a simulated clock.
 *
 *     const tables = simulatedTables({ clock: world });            // one for the whole simulation
 *     const client = simulatedClient({                             // one for each process
 *       tables,
 *       clock: own,                 // the process's clock: time-outs and back-off run on it
 *       network,                    // asked for each attempt: latency there and back, fault
 *       random,                     // seeded, from 0 to 1: the client's back-off
 *       meter,                      // maybe: throttled attempts are counted, as by dynamoClient
 *     });
 *     dynamoLeaseStore({ client, tableName: "leases", meter, clock: own, random });
 *
 *     tables.apply("UpdateItem", input)      the pure engine: at once, no network, no limits; throws
 *                                            what the SDK would throw
 *     tables.arrive(call, answer)            a request that reached the service: throttling by
 *                                            partition, conflicts, a transaction's time; `answer` is
 *                                            called once, on the world's clock
 *     tables.peakUnits()                     the most units that each partition took in one second
 *     tables.items("leases", pool)           what is stored, for a check (in key order)
 *
 * A process that is killed: its clock fires no more and its network delivers no more; what is on its
 * way to the store still arrives, because that runs on the world's clock. A process that is frozen:
 * its clock holds its alarms and `network.deliver` holds its answers until it thaws (then time-outs
 * first, as in Node's event loop). Tables exist as soon as they are named, with the key schemas of
 * lib/adapters/dynamodb/keys.ts: a table with "targets" in its name has `poolSlot`, any other `pool`.
 *
 * What differs from the service is said where it is decided: service.ts (throttling, conflicts,
 * transactions), tables.ts (what an operation does), conformance/known.ts (the local engine).
 */
export { perfectNetwork, type Attempt, type Fate, type Fault, type Network } from "./network.ts";
export type { Call, Inputs, Operation, Outputs } from "./operations.ts";
export { simulatedClient, type SimulatedClientOptions } from "./client.ts";
export {
  simulatedTables,
  type PeakUnits,
  type SimulatedTables,
  type TablesOptions,
} from "./service.ts";
