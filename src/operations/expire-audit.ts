import type { AuditPartition, AuditPartitions, Spool } from "../audit/index.ts";
import { instantText } from "../model/instant.ts";
import { recordEvent, type Service } from "./service.ts";

export interface ExpireAuditDeps extends Pick<Service, "redactor" | "clock" | "newId" | "logger"> {
  readonly spool: Pick<Spool, "append" | "checkpoint">;
  readonly partitions: AuditPartitions;
  /** Moves all that is spooled into the store. @returns false when it did not arrive */
  readonly flush: () => Promise<boolean>;
}

const DAY_MS = 86_400_000;

/**
 * Lets go of the partitions whose records are all older than `retentionDays`, oldest first.
 *
 * INVARIANT: before a partition goes, the log says so: an event with the last record of each chain in it, under a signed
 * checkpoint that is in the store. So what remains still verifies, and where it begins is attested.
 * @throws UnavailableError `storage_unavailable`, `audit_unavailable`: what was not dropped stays for the next run
 */
export async function expireAudit(deps: ExpireAuditDeps, retentionDays: number): Promise<void> {
  const before = deps.clock.now() - retentionDays * DAY_MS;
  for (const partition of await deps.partitions.list()) {
    if (partition.to > before) return;
    await announce(deps, partition);
    await deps.spool.checkpoint();
    if (!(await deps.flush())) return;
    await deps.partitions.drop(partition);
    deps.logger.info({ partition: partition.name }, "audit records past their retention were dropped");
  }
}

async function announce(deps: ExpireAuditDeps, partition: AuditPartition): Promise<void> {
  const ends = await deps.partitions.ends(partition);
  await recordEvent(deps, "audit.expired", "system", {
    partition: partition.name,
    from: instantText(partition.from),
    to: instantText(partition.to),
    writers: ends.map(({ writer, seq, hash }) => ({ writer, seq, hash })),
  });
}
