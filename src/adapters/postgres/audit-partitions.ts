import { sql } from "drizzle-orm";
import type { AuditPartitions } from "../../audit/index.ts";
import { firstUuidv7At } from "../../model/uuid.ts";
import { partitionNames } from "./add-partitions.ts";
import { monthNamed, rangeOfId } from "./audit-months.ts";
import { queryRows, type RunOnDatabase } from "./database.ts";

/** A drop has to be alone with the table, and whoever comes behind it waits as well: better to give up and come again. */
const DROP_LOCK_TIMEOUT_MS = 1000;

interface EndRow {
  readonly writer: string;
  readonly seq: string;
  readonly hash: string;
  readonly is_checkpointed: boolean;
}

/** The partitions of months. Those of ids outside the calendar are never listed, so they stay. */
export function createDrizzleAuditPartitions(run: RunOnDatabase): AuditPartitions {
  return {
    async list() {
      const months = (await run(partitionNames)).map(monthNamed).filter((month) => month !== undefined);
      return months.sort((a, b) => a.from - b.from);
    },
    async ends({ from }) {
      const { first, end } = rangeOfId(firstUuidv7At(from));
      const rows = await run((db) => queryRows<EndRow>(db, endsBetween(first!, end!)));
      return rows.map(({ writer, seq, hash, is_checkpointed }) => ({
        writer,
        seq: Number(seq),
        hash,
        isCheckpointed: is_checkpointed,
      }));
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

/** Goes from writer to writer in the index on (writer, seq): what it costs depends on the writers, not on the records. */
function endsBetween(first: string, end: string) {
  return sql`
    with recursive writers as (
      (select writer from audit_records where id >= ${first} and id < ${end} order by writer limit 1)
      union all
      select (
        select next.writer from audit_records as next
        where next.id >= ${first} and next.id < ${end} and next.writer > writers.writer
        order by next.writer limit 1)
      from writers where writers.writer is not null
    )
    select writers.writer, last.seq::text, last.record->>'hash' as hash, exists (
      select from audit_records as later
      where later.kind = 'checkpoint' and later.writer = writers.writer and later.seq > last.seq and later.id >= ${end}
    ) as is_checkpointed
    from writers cross join lateral (
      select seq, record from audit_records
      where id >= ${first} and id < ${end} and writer = writers.writer
      order by seq desc limit 1
    ) as last`;
}
