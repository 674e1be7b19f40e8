import type { AuditPartition, AuditSnapshot, ChainHead, ExpiredData, Spool } from "../../audit/index.ts";
import { instantText } from "../../model/instant.ts";
import { firstUuidv7At } from "../../model/uuid.ts";
import { recordEvent, type Service } from "../service.ts";
import { scanAudit } from "./read-audit.ts";
import { openVerifier, type VerifyingService, verifyInSlices } from "./verify-audit.ts";

export interface ExpireAuditDeps
  extends Omit<VerifyingService, "spool">,
    Pick<Service, "redactor" | "newId" | "logger"> {
  readonly spool: Pick<Spool, "append" | "checkpoint" | "head" | "storedHead" | "pending">;
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
  const due = (await deps.auditPartitions.list()).filter(({ to }) => to <= before);
  const [first, last] = [due[0], due.at(-1)];
  if (first === undefined || last === undefined) return;
  const names = due.map(({ name }) => name);
  const verified = await verify(deps, last);
  if (verified === undefined) {
    deps.logger.error({ partitions: names }, "the audit log does not verify, so records past their retention are kept");
    return;
  }
  const data: ExpiredData = {
    partitions: names,
    from: instantText(first.from),
    to: instantText(last.to),
    writers: verified.ends,
  };
  await recordEvent(deps, "audit.expired", "system", { ...data });
  await deps.spool.checkpoint();
  if (!(await deps.flushAudit())) return;
  // What another replica shipped late is neither verified nor attested to: the next run sees it.
  if (!(await deps.auditPartitions.drop(due, verified.snapshot))) return;
  deps.logger.info({ partitions: names }, "audit records past their retention were dropped");
}

/** What was verified, and when; and where each chain stood at the end of a partition. */
interface Verified {
  readonly snapshot: AuditSnapshot;
  /** Those included that ended before: what an earlier event says of them is let go itself one day. */
  readonly ends: readonly ChainHead[];
}

/** @returns undefined when the log does not verify */
async function verify(deps: ExpireAuditDeps, partition: AuditPartition): Promise<Verified | undefined> {
  const { verifier } = await openVerifier(deps);
  const snapshot = await deps.auditStore.snapshot();
  const behind = firstUuidv7At(partition.to);
  let ends: readonly ChainHead[] | undefined;
  for await (const page of scanAudit(deps, {}, snapshot)) {
    await verifyInSlices(deps, page, (line, id) => {
      if (id >= behind) ends ??= verifier.heads();
      verifier.line(line);
    });
  }
  ends ??= verifier.heads();
  if (!verifier.end({}).valid) return undefined;
  const all = new Map([...verifier.expired(), ...ends].map((end) => [end.writer, end]));
  return { snapshot, ends: [...all.values()] };
}
