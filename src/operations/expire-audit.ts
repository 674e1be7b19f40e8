import type {
  AuditPartition,
  AuditPartitions,
  AuditStore,
  ChainHead,
  EventRecord,
  ExpiredData,
  Spool,
} from "../audit/index.ts";
import { instantText } from "../model/instant.ts";
import { recordEvent, type Service } from "./service.ts";

export interface ExpireAuditDeps extends Pick<Service, "redactor" | "clock" | "newId" | "logger"> {
  readonly spool: Pick<Spool, "append" | "checkpoint">;
  readonly partitions: AuditPartitions;
  readonly auditStore: Pick<AuditStore, "list">;
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

/** Each event repeats what those before it say of other chains, since they are let go themselves one day. */
async function announce(deps: ExpireAuditDeps, partition: AuditPartition): Promise<void> {
  const ends = new Map((await lastAnnounced(deps)).map((end) => [end.writer, end]));
  for (const { writer, seq, hash } of await deps.partitions.ends(partition)) ends.set(writer, { writer, seq, hash });
  const data: ExpiredData = {
    partition: partition.name,
    from: instantText(partition.from),
    to: instantText(partition.to),
    writers: [...ends.values()],
  };
  await recordEvent(deps, "audit.expired", "system", { ...data });
}

async function lastAnnounced({ auditStore }: ExpireAuditDeps): Promise<readonly ChainHead[]> {
  const [last] = await auditStore.list({ kind: "audit.expired", limit: 1 });
  return last === undefined ? [] : ((last as EventRecord).data as unknown as ExpiredData).writers;
}
