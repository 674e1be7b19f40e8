import { sql } from "drizzle-orm";
import { type IdRange, rangeOfId } from "./audit-months.ts";
import { type Drizzle, queryRows } from "./database.ts";

/** Any constant that no other program locks on the same database: "partitio" in ASCII. */
const ADVISORY_LOCK = "8097879449299872111";

/**
 * Adds the partitions in which records with these ids belong, where they are missing. Any number of replicas may do so at
 * once. Each partition is made in a transaction of its own, so that many of them may take several calls.
 */
export async function addPartitions(db: Drizzle, ids: readonly string[]): Promise<void> {
  const ranges = new Map(ids.map(rangeOfId).map((range) => [range.name, range]));
  for (const name of await partitionNames(db)) ranges.delete(name);
  for (const range of ranges.values()) await addPartition(db, range);
}

/** The partitions there are, in no order. */
export async function partitionNames(db: Drizzle): Promise<string[]> {
  const rows = await queryRows<{ name: string }>(
    db,
    sql`select relname::text as name from pg_inherits join pg_class on pg_class.oid = inhrelid
      where inhparent = 'audit_records'::regclass`,
  );
  return rows.map(({ name }) => name);
}

async function addPartition(db: Drizzle, { name, first, end }: IdRange): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${ADVISORY_LOCK}::bigint)`);
    if ((await partitionNames(tx)).includes(name)) return;
    // Made aside and attached: that waits for no reader or writer of the other partitions, and none waits for it.
    await tx.execute(sql`create table ${sql.identifier(name)} (like audit_records including all)`);
    await tx.execute(
      sql`alter table audit_records attach partition ${sql.identifier(name)}
        for values from (${bound(first, "minvalue")}) to (${bound(end, "maxvalue")})`,
    );
  });
}

/** Bounds cannot be parameters. SECURITY: `id` comes from `audit-months.ts`: hexadecimal digits and dashes. */
function bound(id: string | undefined, open: "minvalue" | "maxvalue") {
  return sql.raw(id === undefined ? open : `'${id}'`);
}
