import type { Approval } from "../../approvals/index.ts";
import type { ChainedRecord, DecisionRecord } from "../../audit/index.ts";
import { nextTurn } from "../audit/read-audit.ts";
import type { Service } from "../service.ts";

/** The last decisions about the identity of an approval in its session, but for this very question; newest first. */
export interface SessionDecisions {
  readonly decisions: readonly DecisionRecord[];
  /** Whether there may be others that were not looked for any more. */
  readonly isTruncated: boolean;
}

const DECISIONS_MAX = 10;

/** Records in one read, since they are parsed in one turn; each may have a quarter of a megabyte. */
const READ_RECORDS = 20;

/**
 * SECURITY: an agent can put any number of records before those that matter: it asks the same question again, or another one
 * uses the session's name. So they are looked past, and where that ends, it is told.
 */
const RECORDS_MAX = 1000;

/** @throws AppError `storage_unavailable` */
export async function readSessionDecisions(
  { auditStore, flushAudit }: Pick<Service, "auditStore" | "flushAudit">,
  approval: Approval,
): Promise<SessionDecisions> {
  // As records have them: without what looks like a secret.
  const { identity, sessionId } = approval.shown;
  const filters = {
    kind: "decision",
    identity: identity.name,
    ...(sessionId !== undefined && { session_id: sessionId }),
  } as const;
  const isWanted = (record: ChainedRecord): record is DecisionRecord & ChainedRecord =>
    record.kind === "decision" &&
    record.identity.tenant === identity.tenant &&
    record.decision.approval?.id !== approval.id;

  await flushAudit();
  const decisions: DecisionRecord[] = [];
  let before: string | undefined;
  for (let looked = 0; looked < RECORDS_MAX; looked += READ_RECORDS) {
    const records = await auditStore.list({ ...filters, ...(before && { before }), limit: READ_RECORDS });
    decisions.push(...records.filter(isWanted));
    const isAll = records.length < READ_RECORDS;
    if (isAll || decisions.length >= DECISIONS_MAX) {
      return { decisions: decisions.slice(0, DECISIONS_MAX), isTruncated: false };
    }
    before = records.at(-1)!.id;
    await nextTurn();
  }
  return { decisions, isTruncated: true };
}
