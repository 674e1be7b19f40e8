import { sql } from "drizzle-orm";
import type { AuditPartitions } from "../../audit/index.ts";
import { firstUuidv7At } from "../../model/uuid.ts";
import { partitionNames } from "./add-partitions.ts";
import { wasThereAt } from "./audit-conditions.ts";
import { monthNamed, rangeOfId } from "./audit-months.ts";
import { queryRows, type RunOnDatabase } from "./database.ts";

/** A drop has to be alone with the table, and whoever comes behind it waits as well: better to give up and come again. */
const DROP_LOCK_TIMEOUT_MS = 1000;

/** The partitions of months. Those of ids outside the calendar are never listed, so they stay. */
export function createDrizzleAuditPartitions(run: RunOnDatabase): AuditPartitions {
  return {
    async list() {
      const months = (await run(partitionNames)).map(monthNamed).filter((month) => month !== undefined);
      return months.sort((a, b) => a.from - b.from);
    },
    async drop(partitions, snapshot) {
      return run((db) =>
        db.transaction(async (tx) => {
          await tx.execute(sql.raw(`set local lock_timeout = ${DROP_LOCK_TIMEOUT_MS}`));
          const there = new Set(await partitionNames(tx));
          const names = partitions.map(({ from }) => rangeOfId(firstUuidv7At(from)).name);
          const tables = names.filter((name) => there.has(name)).map((name) => sql.identifier(name));
          // From here on nobody adds to them.
          for (const table of tables) await tx.execute(sql`lock table ${table} in access exclusive mode`);
          for (const table of tables) {
            const later = await queryRows(
              tx,
              sql`
              select 1 from ${table}
              where arrived_in >= pg_snapshot_xmin(${snapshot}::pg_snapshot) and not ${wasThereAt(snapshot)} limit 1`,
            );
            if (later.length > 0) return false;
          }
          for (const table of tables) await tx.execute(sql`drop table ${table}`);
          return true;
        }),
      );
    },
  };
}
