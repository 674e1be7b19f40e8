import type { Actor, Approval, ApprovalNews, ApprovalNotifier, Settled } from "../approvals/index.ts";
import type { EventKind } from "../audit/index.ts";
import { instantText } from "../model/instant.ts";
import { recordEvent, type Service } from "./service.ts";

/** One thing that happened to an approval, with the approval as it was right behind it. */
export interface ApprovalStep {
  readonly kind: Extract<EventKind, `approval.${string}`>;
  readonly approval: Approval;
  /** Who did it; absent where it was time. */
  readonly actor?: Actor | undefined;
}

/** Records what happened to approvals, and tells who waits for it: other replicas, and people outside. */
export interface ApprovalAnnouncer {
  /**
   * Resolves when all steps are recorded. Who waits for an approval is woken in any case: what happened has happened.
   * @throws UnavailableError `audit_unavailable`; `retry` records it later
   */
  announce(steps: readonly ApprovalStep[]): Promise<void>;
  /** Tries again what could not be recorded or handed over. Never throws. */
  retry(): Promise<void>;
  /** What waits for `retry`. */
  readonly waiting: number;
}

export type AnnouncerDeps = Pick<Service, "spool" | "redactor" | "clock" | "newId" | "logger"> & {
  readonly news: Pick<ApprovalNews, "publish">;
  readonly notifier: ApprovalNotifier;
};

/** Beyond it the oldest are given up, and the log says so: memory is not where records are kept. */
const WAITING_MAX = 10_000;

export function createApprovalAnnouncer(deps: AnnouncerDeps): ApprovalAnnouncer {
  let waiting: { readonly what: string; readonly run: () => Promise<void> }[] = [];

  async function attempt(what: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      waiting.push({ what, run });
      if (waiting.length > WAITING_MAX) {
        const lost = waiting.shift()!;
        deps.logger.error({ step: lost.what }, "a step of an approval was given up: too many wait");
      }
      throw error;
    }
  }

  return {
    async announce(steps) {
      const recorded = steps.map((step) =>
        attempt(`record ${step.kind} of ${step.approval.id}`, () => recordStep(deps, step)),
      );
      for (const { kind, approval } of steps) {
        void deps.news.publish(approval.id);
        const notice = NOTICES[kind];
        if (notice === undefined) continue;
        attempt(`notify of ${approval.id}`, () => deps.notifier.notify(notice, approval)).catch((error) =>
          deps.logger.warn({ err: error, approval_id: approval.id }, "a notice of an approval waits"),
        );
      }
      const failed = (await Promise.allSettled(recorded)).find((result) => result.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    },
    async retry() {
      const again = waiting;
      waiting = [];
      // In their order: an approval's steps are recorded as they happened.
      for (const { what, run } of again) await attempt(what, run).catch(() => undefined);
    },
    get waiting() {
      return waiting.length;
    },
  };
}

/** A vote that completes the quorum is told as the approval that it makes. */
const NOTICES: Partial<Record<ApprovalStep["kind"], "opened" | "resolved" | "expired">> = {
  "approval.opened": "opened",
  "approval.approved": "resolved",
  "approval.denied": "resolved",
  "approval.cancelled": "resolved",
  "approval.expired": "expired",
};

function recordStep(deps: AnnouncerDeps, { kind, approval, actor }: ApprovalStep): Promise<void> {
  return recordEvent(deps, kind, actor?.keyId ?? "system", {
    ...(actor === undefined ? undefined : { by: actor.identity.name }),
    ...approvalEvidence(approval),
  });
}

/**
 * What the audit log keeps of an approval: what was asked by whom, and who answered what.
 * SECURITY: without `digest`, by which short arguments could be guessed.
 */
export function approvalEvidence(approval: Approval): Readonly<Record<string, unknown>> {
  const { requester, shown, votes, resolution, grant, terms } = approval;
  return {
    id: approval.id,
    status: approval.status,
    requester: { ...shown.identity, key_id: requester.keyId, key_holder: shown.keyHolder },
    action_type: shown.actionType,
    action_name: shown.actionName,
    session_id: shown.sessionId,
    rule_id: approval.rule.id,
    rule_digest: approval.ruleDigest,
    policy_revision: approval.policyRevision,
    quorum: terms.quorum,
    approvers: terms.approvers,
    on_timeout: terms.onTimeout,
    created_at: instantText(approval.createdAt),
    expires_at: instantText(approval.expiresAt),
    votes: votes.map(({ voter, keyId, at, note }) => ({ voter, key_id: keyId, at: instantText(at), note })),
    ...(resolution && {
      resolution: {
        at: instantText(resolution.at),
        by: resolution.by?.name,
        key_id: resolution.by?.keyId,
        reason: resolution.reason,
      },
    }),
    ...(grant && {
      grant: {
        expires_at: instantText(grant.expiresAt),
        ...(grant.consumedAt !== undefined && { consumed_at: instantText(grant.consumedAt) }),
      },
    }),
  };
}

/** The steps of approvals whose time ran out, as a store told them. */
export const expirySteps = (expired: readonly Approval[]): ApprovalStep[] =>
  expired.map((approval) => ({ kind: "approval.expired", approval }));

/** The step of an approval that was found expired on the way to something else. */
export const expiryFound = ({ approval, hasResolved }: Settled): ApprovalStep[] =>
  hasResolved && approval.status === "expired" ? expirySteps([approval]) : [];
