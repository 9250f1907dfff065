/** Records that somebody else wrote, or a newer version: named, never a reason to lose the others. */
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { expect, test } from "vitest";
import { InvariantError } from "#domain/errors.ts";
import type { Slot } from "#domain/slot.ts";
import { ONE, twoLeases } from "#test/support/leases.ts";
import { describeOnEngine } from "#test/support/on-engine.ts";
import { manyTargets, noopTarget } from "#test/support/targets.ts";

const SLOT = 5 as Slot;

describeOnEngine("records that can't be read", (stores) => {
  test("one record that can't be read is named, and the slot's others are there", async () => {
    const { engine, schedules, pool } = stores();
    await schedules.putTargets(pool, SLOT, manyTargets(3, pool));
    for (const item of [
      { key: { S: "target#broken" }, t: { S: "[99]" } },
      { key: { S: "target#empty" } },
      { key: { S: "schedule#every:60000" }, v: { S: "one" } },
      { key: { S: "zebra" } },
    ]) {
      const Item = { poolSlot: { S: `${pool}#${SLOT}` }, ...item };
      await engine.client.send(new PutItemCommand({ TableName: engine.tables.targets, Item }));
    }
    const read = await schedules.readSlot(pool, SLOT);
    expect(read.targets.map((target) => target.id)).toEqual(
      manyTargets(3, pool).map((target) => target.id),
    );
    expect(read.broken.length).toBe(4);
    expect(read.broken.join("\n")).toMatch(/target#broken[^]*zebra/u);
    await schedules.putTargets(pool, SLOT, [noopTarget("broken", pool)]);
    expect((await schedules.readSlot(pool, SLOT)).broken.length).toBe(3);
  });

  test("a lease that can't be read is an InvariantError that names record, attribute, found, expected", async () => {
    const { engine, leases, pool } = stores();
    await leases.found(twoLeases(pool));
    const Item = { pool: { S: pool }, key: { S: `lease#${ONE}` }, r: { S: "" }, e: { S: "x" } };
    await engine.client.send(new PutItemCommand({ TableName: engine.tables.leases, Item }));
    const read = leases.findLease(pool, ONE);
    await expect(read).rejects.toBeInstanceOf(InvariantError);
    await expect(read).rejects.toThrow(
      /lease#0001: attribute e: found .*"x".*, expected a number/u,
    );
  });
});
