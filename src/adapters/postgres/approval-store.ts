import { and, asc, count, desc, eq, inArray, isNotNull, lt, lte, ne, type SQL, sql } from "drizzle-orm";
import {
  type Approval,
  type ApprovalQuery,
  type ApprovalStatus,
  type ApprovalStore,
  type ClaimedSteps,
  cancelApproval,
  claimUntold,
  consumeGrant,
  denyApproval,
  expireApproval,
  markTold,
  type NewApproval,
  type Opened,
  openApproval,
  type Settled,
  type ToldStep,
  voteApproval,
} from "../../approvals/index.ts";
import { AppError } from "../../model/errors.ts";
import { actionKey, requesterKey, toApprovalRow } from "./approval-rows.ts";
import type { Drizzle, RunOnDatabase } from "./database.ts";
import { filterText } from "./filter-text.ts";
import { insertApproval } from "./insert-approval.ts";
import { approvals } from "./schema.ts";
import { createTurns } from "./turns.ts";

/** Approvals that one transaction expires at most, so that none holds its locks for long. */
const EXPIRY_BATCH = 200;

/** First half of the advisory locks that `open` takes, so that no other lock of ours is met: "appr" in ASCII. */
const OPEN_LOCK = 0x61707072;

/**
 * Of one requester's calls. A call takes a few milliseconds, so a line of five full batches is served in a second or two;
 * more is somebody who does not wait for answers.
 */
const OPEN_LINE = { waitersMax: 500, waitMs: 5000 };

const isPending = eq(approvals.status, "pending");
const isResolved = sql`status <> 'pending'`;
const NO_COUNTS = { pending: 0, approved: 0, denied: 0, expired: 0, cancelled: 0 };

/**
 * Each change locks its row, lets the state machine decide, and writes what that says, in one transaction.
 *
 * INVARIANT: who locks more than one row does so in the order of (expires_at, id), and the requester's lock comes before
 * any row's: nobody waits in a circle.
 *
 * SECURITY: an agent decides how often it asks. Its calls of `open` wait for each other before they have a connection, so
 * that all of them together hold one.
 * @param runOpen for `open`, where agents' calls may hold fewer connections than others'
 */
export function createDrizzleApprovalStore(run: RunOnDatabase, runOpen = run): ApprovalStore {
  const inTurn = createTurns(OPEN_LINE);

  function change<Result extends Settled>(
    id: string,
    step: (approval: Approval) => Result,
  ): Promise<Result | undefined> {
    return run((db) =>
      db.transaction(async (tx) => {
        const [row] = await selectApprovals(tx, hasId(id)).for("update");
        if (row === undefined) return undefined;
        const result = step(row.approval);
        if (result.approval !== row.approval) await save(tx, [result.approval]);
        return result;
      }),
    );
  }

  const expireDue = (now: number, limit: number) => run((db) => db.transaction((tx) => expireRows(tx, now, limit)));

  return {
    async open(asked, now, { pendingMax }) {
      return inTurn(requesterKey(asked), () =>
        runOpen((db) => db.transaction((tx) => openAlone(tx, asked, now, pendingMax))),
      );
    },
    async get(id, now) {
      const [row] = await run((db) => selectApprovals(db, hasId(id)));
      if (row === undefined) return undefined;
      const found = expireApproval(row.approval, now);
      return found.hasResolved ? change(id, (approval) => expireApproval(approval, now)) : found;
    },
    async list(query, now) {
      const expired: Approval[] = [];
      for (let full = true; full; ) {
        const batch = await expireDue(now, EXPIRY_BATCH);
        expired.push(...batch);
        full = batch.length === EXPIRY_BATCH;
      }
      const rows = await run((db) =>
        selectApprovals(db, condition(query)).orderBy(desc(approvals.id)).limit(query.limit),
      );
      return { approvals: rows.map(({ approval }) => approval), expired };
    },
    async vote(id, actor, note, now) {
      return change(id, (approval) => voteApproval(approval, actor, note, now));
    },
    async deny(id, actor, reason, now) {
      return change(id, (approval) => denyApproval(approval, actor, reason, now));
    },
    async cancel(id, actor, reason, now) {
      return change(id, (approval) => cancelApproval(approval, actor, reason, now));
    },
    async consume(id, use, now) {
      return change(id, (approval) => consumeGrant(approval, use, now));
    },
    expireDue,
    async countOthers(approval, now) {
      const isDue = and(isPending, lte(approvals.expiresAt, new Date(now)));
      const status = sql<ApprovalStatus>`case when ${isDue} then 'expired' else ${approvals.status} end`;
      const others = and(eq(approvals.sameAction, actionKey(approval)), ne(approvals.id, filterText(approval.id)));
      const rows = await run((db) =>
        db.select({ status, others: count() }).from(approvals).where(others).groupBy(sql`1`),
      );
      return { ...NO_COUNTS, ...Object.fromEntries(rows.map((row) => [row.status, row.others])) };
    },
    async forget(resolvedBefore, limit) {
      return run((db) => db.transaction((tx) => forgetRows(tx, resolvedBefore, limit)));
    },
    async markTold(steps) {
      if (steps.length > 0) await run((db) => db.transaction((tx) => markRowsTold(tx, steps)));
    },
    async claimUntold(now, limit) {
      return run((db) => db.transaction((tx) => claimRows(tx, now, limit)));
    },
  };
}

/** One call of a requester at a time, over all processes: of several at once, only then does each see what the others opened. */
async function openAlone(tx: Drizzle, asked: NewApproval, now: number, pendingMax: number): Promise<Opened> {
  // SECURITY: `requesterKey` is hexadecimal digits. Without parameters the driver needs one round trip less.
  const lock = `select pg_advisory_xact_lock(${OPEN_LOCK}, hashtext('${requesterKey(asked)}'))`;
  await tx.execute(sql.raw(lock));
  const approval = openApproval(asked, now);
  let inserted = await insertApproval(tx, approval, now, pendingMax);
  const expired = inserted.due.map((due) => expireApproval(due, now).approval);
  if (expired.length > 0) {
    await save(tx, expired);
    inserted = await insertApproval(tx, approval, now, pendingMax);
  }
  const { isInserted, existing, pending } = inserted;
  if (isInserted) return { outcome: "opened", approval, expired };
  if (existing !== undefined) return { outcome: "existing", approval: existing, expired };
  if (pending >= pendingMax) return { outcome: "queue_full", pending, expired };
  throw new AppError("conflict", "an approval with this id already exists");
}

/** Takes the due ones out of `pending`, those first that have been due for longest. A row that another call has is waited for. */
async function expireRows(tx: Drizzle, now: number, limit: number): Promise<Approval[]> {
  const rows = await selectApprovals(tx, and(isPending, lte(approvals.expiresAt, new Date(now))))
    .orderBy(asc(approvals.expiresAt), asc(approvals.id))
    .limit(limit)
    .for("update");
  const expired = rows.map(({ approval }) => expireApproval(approval, now).approval);
  if (expired.length > 0) await save(tx, expired);
  return expired;
}

/** A row that another call has is left for the next time. */
async function forgetRows(tx: Drizzle, resolvedBefore: number, limit: number): Promise<number> {
  const oldest = await tx
    .select({ id: approvals.id })
    .from(approvals)
    .where(and(isResolved, lte(approvals.forgettableFrom, new Date(resolvedBefore))))
    .orderBy(asc(approvals.forgettableFrom), asc(approvals.id))
    .limit(limit)
    .for("update", { skipLocked: true });
  const forgotten = oldest.map(({ id }) => id);
  if (forgotten.length > 0) await tx.delete(approvals).where(inArray(approvals.id, forgotten));
  return forgotten.length;
}

async function markRowsTold(tx: Drizzle, steps: readonly ToldStep[]): Promise<void> {
  const ids = [...new Set(steps.map(({ id }) => filterText(id)))];
  const rows = await selectApprovals(tx, and(inArray(approvals.id, ids), isNotNull(approvals.claimableFrom)))
    .orderBy(asc(approvals.expiresAt), asc(approvals.id))
    .for("update");
  const told = rows.map(({ approval }) => {
    const own = steps.filter(({ id }) => id === approval.id);
    return { before: approval, approval: markTold(approval, own) };
  });
  const changed = told.filter(({ before, approval }) => approval !== before).map(({ approval }) => approval);
  if (changed.length > 0) await save(tx, changed);
}

/** A row that another call has is left for the next time. */
async function claimRows(tx: Drizzle, now: number, limit: number): Promise<ClaimedSteps[]> {
  const rows = await selectApprovals(tx, lte(approvals.claimableFrom, new Date(now)))
    .orderBy(asc(approvals.claimableFrom), asc(approvals.id))
    .limit(limit)
    .for("update", { skipLocked: true });
  const claims = rows.map(({ approval }) => claimUntold(approval, now));
  if (claims.length > 0)
    await save(
      tx,
      claims.map(({ approval }) => approval),
    );
  return claims;
}

const selectApprovals = (db: Drizzle, where: SQL | undefined) =>
  db.select({ approval: approvals.approval }).from(approvals).where(where);

/** Overwrites rows that are there and locked. */
async function save(tx: Drizzle, changed: readonly Approval[]): Promise<void> {
  await tx
    .insert(approvals)
    .values(changed.map(toApprovalRow))
    .onConflictDoUpdate({
      target: approvals.id,
      set: {
        status: sql`excluded.status`,
        forgettableFrom: sql`excluded.forgettable_from`,
        claimableFrom: sql`excluded.claimable_from`,
        approval: sql`excluded.approval`,
      },
    });
}

const hasId = (id: string) => eq(approvals.id, filterText(id));

function condition({ status, identity, tenant, ruleId, before }: ApprovalQuery): SQL | undefined {
  return and(
    status === undefined ? undefined : eq(approvals.status, status),
    identity === undefined ? undefined : eq(approvals.identity, filterText(identity)),
    tenant === undefined ? undefined : eq(approvals.tenant, filterText(tenant)),
    ruleId === undefined ? undefined : eq(approvals.ruleId, filterText(ruleId)),
    before === undefined ? undefined : lt(approvals.id, filterText(before)),
  );
}
