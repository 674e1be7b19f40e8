import { sql } from "drizzle-orm";
import { type Approval, CANCELLED_PLACE_MS } from "../../approvals/index.ts";
import { toApprovalRow } from "./approval-rows.ts";
import { type Drizzle, queryRows } from "./database.ts";

/** What there was before the insertion. */
export interface InsertedApproval {
  readonly isInserted: boolean;
  /** Of the same requester, locked: nothing is inserted while there are any. In the order of (expires_at, id). */
  readonly due: readonly Approval[];
  /** Pending for the same digest and not due. */
  readonly existing?: Approval;
  /** How many places the same requester takes (`placeUntil`). */
  readonly pending: number;
}

interface Row {
  readonly is_inserted: boolean;
  readonly due: string | null;
  readonly existing: string | null;
  readonly pending: string;
}

/**
 * Inserts a pending approval unless the requester has due ones, the same action is pending, `pendingMax` or more are, or
 * the id is taken. One statement, since every round trip holds the requester's next call up. The requester must be locked.
 */
export async function insertApproval(
  tx: Drizzle,
  approval: Approval,
  now: number,
  pendingMax: number,
): Promise<InsertedApproval> {
  const row = toApprovalRow(approval);
  const at = sql`${new Date(now).toISOString()}::timestamptz`;
  // `forgettable_from` is the millisecond behind the cancellation, and has an index.
  const cancelledAfter = sql`${new Date(now - CANCELLED_PLACE_MS + 1).toISOString()}::timestamptz`;
  const [found] = await queryRows<Row>(
    tx,
    sql`
    with due as materialized (
      select expires_at, id, approval from approvals
      where status = 'pending' and requester = ${row.requester} and expires_at <= ${at}
      order by expires_at, id for update
    ), existing as materialized (
      select approval from approvals where status = 'pending' and digest = ${row.digest} and expires_at > ${at}
    ), waiting as materialized (
      select (
        select count(*) from approvals where status = 'pending' and requester = ${row.requester} and expires_at > ${at}
      ) + (
        select count(*) from approvals where status = 'cancelled' and requester = ${row.requester} and expires_at > ${at}
          and status <> 'pending' and forgettable_from > ${cancelledAfter}
      ) as pending
    ), inserted as (
      insert into approvals
        (id, digest, status, requester, same_action, identity, tenant, rule_id, expires_at, claimable_from, approval)
      select ${row.id}::text, ${row.digest}::text, 'pending', ${row.requester}::text, ${row.sameAction}::text,
        ${row.identity}::text, ${row.tenant ?? null}::text, ${row.ruleId}::text, ${row.expiresAt.toISOString()}::timestamptz,
        ${row.claimableFrom?.toISOString() ?? null}::timestamptz, ${JSON.stringify(approval)}::text::json
      from waiting
      where pending < ${pendingMax}::bigint and not exists (select from due) and not exists (select from existing)
      on conflict (id) do nothing returning id
    )
    select exists (select from inserted) as is_inserted, pending::text,
      (select json_agg(approval order by expires_at, id)::text from due) as due,
      (select approval::text from existing) as existing
    from waiting`,
  );
  const { is_inserted, due, existing, pending } = found!;
  return {
    isInserted: is_inserted,
    due: due === null ? [] : JSON.parse(due),
    ...(existing === null ? undefined : { existing: JSON.parse(existing) }),
    pending: Number(pending),
  };
}
