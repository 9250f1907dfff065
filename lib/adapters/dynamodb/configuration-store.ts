/**
 * What was refused of a pool's configuration, in a partition of its own in the `leases` table, so
 * that reading the fleet doesn't pay for it.
 *
 * Holds: one record, of about 2 KB at most.
 * Fails: DependencyError; InvariantError for a record that can't be read.
 * Contract: test/contracts/configuration-store.contract.ts
 */
import * as z from "zod";
import { InvariantError } from "#domain/errors.ts";
import { epochMs } from "#domain/units.ts";
import { shortened, type ConfigurationStore } from "#ports/configuration-store.ts";
import { dynamoAccess } from "./access.ts";
import { configurationKey } from "./keys.ts";
import { toolsOf, type DynamoStoreOptions } from "./store-options.ts";

const stateSchema = z.object({
  readAt: z.object({ N: z.coerce.number() }),
  accepted: z.object({ N: z.coerce.number() }),
  refused: z.object({ N: z.coerce.number() }),
  problems: z.object({ L: z.array(z.object({ S: z.string() })) }),
});

export function dynamoConfigurationStore(options: DynamoStoreOptions): ConfigurationStore {
  const access = dynamoAccess(toolsOf(options));
  return {
    async put(state) {
      const { pool, readAt, accepted, refused, problems } = shortened(state);
      await access.put("configuration.put", {
        Item: {
          ...configurationKey(pool),
          readAt: { N: String(readAt) },
          accepted: { N: String(accepted) },
          refused: { N: String(refused) },
          problems: { L: problems.map((S) => ({ S })) },
        },
      });
    },

    async find(pool) {
      const item = await access.find("configuration.find", configurationKey(pool));
      if (item === undefined) return undefined;
      const read = stateSchema.safeParse(item);
      if (!read.success) {
        throw new InvariantError(
          `the configuration record of pool ${pool} can't be read: ${read.error.issues.map(({ path }) => path.join(".")).join(", ")}; writing it again mends it`,
        );
      }
      const { readAt, accepted, refused, problems } = read.data;
      return {
        pool,
        readAt: epochMs(readAt.N),
        accepted: accepted.N,
        refused: refused.N,
        problems: problems.L.map(({ S }) => S),
      };
    },
  };
}
