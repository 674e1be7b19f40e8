import { sql } from "drizzle-orm";
import type { AuditPartitions } from "../../audit/index.ts";
import { firstUuidv7At } from "../../model/uuid.ts";
import { partitionNames } from "./add-partitions.ts";
import { monthNamed, rangeOfId } from "./audit-months.ts";
import type { RunOnDatabase } from "./database.ts";

/** A drop has to be alone with the table, and whoever comes behind it waits as well: better to give up and come again. */
const DROP_LOCK_TIMEOUT_MS = 1000;

/** The partitions of months. Those of ids outside the calendar are never listed, so they stay. */
export function createDrizzleAuditPartitions(run: RunOnDatabase): AuditPartitions {
  return {
    async list() {
      const months = (await run(partitionNames)).map(monthNamed).filter((month) => month !== undefined);
      return months.sort((a, b) => a.from - b.from);
    },
    async drop({ from }) {
      const { name } = rangeOfId(firstUuidv7At(from));
      await run((db) =>
        db.transaction(async (tx) => {
          await tx.execute(sql.raw(`set local lock_timeout = ${DROP_LOCK_TIMEOUT_MS}`));
          await tx.execute(sql`drop table if exists ${sql.identifier(name)}`);
        }),
      );
    },
  };
}
