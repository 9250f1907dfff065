/** Explores one world and tells its parent: `worker.ts NAME STATES SECONDS`; 0 states: the small bound. */
import { reportOf } from "./report.ts";
import { registeredWorld } from "./worlds.ts";

const [name = "", states = "0", seconds = "0"] = process.argv.slice(2);
const world = registeredWorld(name);
const statesMax = Number(states) > 0 ? Number(states) : (world.small ?? Number.POSITIVE_INFINITY);
const outcome = world.explore({ statesMax, secondsMax: Number(seconds) });
process.send?.(reportOf(name, outcome));
