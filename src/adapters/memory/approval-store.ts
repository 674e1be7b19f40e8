import {
  APPROVAL_STATUSES,
  type Approval,
  type ApprovalCounts,
  type ApprovalQuery,
  type ApprovalStore,
  cancelApproval,
  claimableFrom,
  claimUntold,
  consumeGrant,
  denyApproval,
  expireApproval,
  forgettableFrom,
  markTold,
  openApproval,
  placeUntil,
  type Requester,
  type Settled,
  voteApproval,
} from "../../approvals/index.ts";
import { AppError, UnavailableError } from "../../model/errors.ts";
import { compareBytes } from "./compare-bytes.ts";

/** An `ApprovalStore` that lives as long as the process. */
export interface MemoryApprovalStore extends ApprovalStore {
  /** From then on every method throws `storage_unavailable`, as a database that went away does. */
  close(): Promise<void>;
}

export function createMemoryApprovalStore(): MemoryApprovalStore {
  const approvals = new Map<string, Approval>();
  let isClosed = false;

  function assertOpen(): void {
    if (isClosed) throw new UnavailableError("storage", "the store is closed");
  }

  /** INVARIANT: no `await` between the look-up and the change, which makes it atomic. */
  function change<Result extends Settled>(id: string, step: (approval: Approval) => Result): Result | undefined {
    assertOpen();
    const approval = approvals.get(id);
    if (approval === undefined) return undefined;
    const result = step(approval);
    approvals.set(id, result.approval);
    return structuredClone(result);
  }

  /** Those of the given ones that are due, in the order in which they fell due. */
  function expire(some: Iterable<Approval>, now: number, limit = Number.POSITIVE_INFINITY): Approval[] {
    const due = [...some].filter((approval) => expireApproval(approval, now).hasResolved);
    due.sort((a, b) => a.expiresAt - b.expiresAt || compareBytes(a.id, b.id));
    return due.slice(0, limit).map(({ id }) => change(id, (approval) => expireApproval(approval, now))!.approval);
  }

  return {
    async open(asked, now, { pendingMax }) {
      assertOpen();
      const own = [...approvals.values()].filter(({ requester }) => isSameRequester(requester, asked.requester));
      const placed = own.filter((approval) => (placeUntil(approval) ?? 0) > now);
      const existing = placed.find(({ status, digest }) => status === "pending" && digest === asked.digest);
      const isRoom = existing === undefined && placed.length < pendingMax;
      if (isRoom && approvals.has(asked.id)) throw new AppError("conflict", "an approval with this id already exists");

      const expired = expire(own, now);
      if (existing !== undefined) return { outcome: "existing", approval: structuredClone(existing), expired };
      if (!isRoom) return { outcome: "queue_full", pending: placed.length, expired };
      const approval = openApproval(structuredClone(asked), now);
      approvals.set(approval.id, approval);
      return { outcome: "opened", approval: structuredClone(approval), expired };
    },
    async get(id, now) {
      return change(id, (approval) => expireApproval(approval, now));
    },
    async list(query, now) {
      assertOpen();
      const expired = expire(approvals.values(), now);
      const found = [...approvals.values()].filter((approval) => isMatch(approval, query));
      found.sort((a, b) => compareBytes(b.id, a.id));
      return { approvals: structuredClone(found.slice(0, query.limit)), expired };
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
    async expireDue(now, limit) {
      assertOpen();
      return expire(approvals.values(), now, limit);
    },
    async countOthers(approval, now) {
      assertOpen();
      const others = [...approvals.values()].filter(
        (other) => other.id !== approval.id && isSameAction(other, approval),
      );
      const statuses = others.map((other) => expireApproval(other, now).approval.status);
      const counts = APPROVAL_STATUSES.map((status) => [status, statuses.filter((other) => other === status).length]);
      return Object.fromEntries(counts) as ApprovalCounts;
    },
    async forget(resolvedBefore, limit) {
      assertOpen();
      const from = (approval: Approval) => forgettableFrom(approval) ?? Number.POSITIVE_INFINITY;
      const forgettable = [...approvals.values()].filter((approval) => from(approval) <= resolvedBefore);
      forgettable.sort((a, b) => from(a) - from(b) || compareBytes(a.id, b.id));
      const forgotten = forgettable.slice(0, limit);
      for (const { id } of forgotten) approvals.delete(id);
      return forgotten.length;
    },
    async markTold(steps) {
      assertOpen();
      for (const step of steps) {
        const approval = approvals.get(step.id);
        if (approval !== undefined) approvals.set(step.id, markTold(approval, [step]));
      }
    },
    async claimUntold(now, limit) {
      assertOpen();
      const from = (approval: Approval) => claimableFrom(approval) ?? Number.POSITIVE_INFINITY;
      const claimable = [...approvals.values()].filter((approval) => from(approval) <= now);
      claimable.sort((a, b) => from(a) - from(b) || compareBytes(a.id, b.id));
      const results = claimable.slice(0, limit).map((approval) => claimUntold(approval, now));
      for (const { approval } of results) approvals.set(approval.id, approval);
      return structuredClone(results);
    },
    async close() {
      isClosed = true;
    },
  };
}

const isSameRequester = (a: Requester, b: Requester) =>
  a.identity.name === b.identity.name && a.identity.tenant === b.identity.tenant;

const isSameAction = (a: Approval, b: Approval) =>
  isSameRequester(a.requester, b.requester) && a.actionType === b.actionType && a.actionName === b.actionName;

function isMatch(approval: Approval, { status, identity, tenant, ruleId, before }: ApprovalQuery): boolean {
  return (
    (status === undefined || approval.status === status) &&
    (identity === undefined || approval.requester.identity.name === identity) &&
    (tenant === undefined || approval.requester.identity.tenant === tenant) &&
    (ruleId === undefined || approval.rule.id === ruleId) &&
    (before === undefined || compareBytes(approval.id, before) < 0)
  );
}
