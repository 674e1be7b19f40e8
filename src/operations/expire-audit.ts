import type { AuditPartition, AuditPartitions, ChainHead, ExpiredData, Spool } from "../audit/index.ts";
import { instantText } from "../model/instant.ts";
import { firstUuidv7At } from "../model/uuid.ts";
import { scanAudit } from "./read-audit.ts";
import { recordEvent, type Service } from "./service.ts";
import { openVerifier, type VerifyingService, verifyInSlices } from "./verify-audit.ts";

export interface ExpireAuditDeps
  extends Omit<VerifyingService, "spool">,
    Pick<Service, "redactor" | "newId" | "logger"> {
  readonly spool: Pick<Spool, "append" | "checkpoint" | "head">;
  readonly partitions: AuditPartitions;
}

const DAY_MS = 86_400_000;

/**
 * Lets go of the partitions whose records are all older than `retentionDays`. What could not be let go stays for the next
 * run; so does everything as long as the log does not verify: then it is evidence.
 *
 * INVARIANT: before a partition goes, the log says so: an event with the last record of each chain in it, under a signed
 * checkpoint that is in the store. So what remains still verifies, and where it begins is attested. What the event says was
 * verified: who can write to the store must not get the service to sign for them that a beginning was let go.
 * @throws UnavailableError `storage_unavailable`, `audit_unavailable`
 */
export async function expireAudit(deps: ExpireAuditDeps, retentionDays: number): Promise<void> {
  const before = deps.clock.now() - retentionDays * DAY_MS;
  const due = (await deps.partitions.list()).filter(({ to }) => to <= before);
  const [first, last] = [due[0], due.at(-1)];
  if (first === undefined || last === undefined) return;
  const names = due.map(({ name }) => name);
  const ends = await verifiedEnds(deps, last);
  if (ends === undefined) {
    deps.logger.error({ partitions: names }, "the audit log does not verify, so records past their retention are kept");
    return;
  }
  const data: ExpiredData = {
    partitions: names,
    from: instantText(first.from),
    to: instantText(last.to),
    writers: ends,
  };
  await recordEvent(deps, "audit.expired", "system", { ...data });
  await deps.spool.checkpoint();
  if (!(await deps.flushAudit())) return;
  for (const partition of due) await deps.partitions.drop(partition);
  deps.logger.info({ partitions: names }, "audit records past their retention were dropped");
}

/**
 * Where each chain stands at the end of a partition, those included that ended before: what an earlier event says of them
 * is let go itself one day.
 * @returns undefined when the log does not verify
 */
async function verifiedEnds(deps: ExpireAuditDeps, partition: AuditPartition): Promise<ChainHead[] | undefined> {
  const verifier = await openVerifier(deps);
  const behind = firstUuidv7At(partition.to);
  let ends: readonly ChainHead[] | undefined;
  for await (const page of scanAudit(deps, {})) {
    await verifyInSlices(deps, page, (line, id) => {
      if (id >= behind) ends ??= verifier.heads();
      verifier.line(line);
    });
  }
  ends ??= verifier.heads();
  if (!verifier.end({}).valid) return undefined;
  return [...new Map([...verifier.expired(), ...ends].map((end) => [end.writer, end])).values()];
}
