import * as z from "zod";
import { leaseNumber, poolName } from "../shared/fields.ts";

/** One lease of one pool: `{"pool": "default", "lease": "0007"}`. */
export const collectEvent = z.strictObject({ pool: poolName, lease: leaseNumber });
