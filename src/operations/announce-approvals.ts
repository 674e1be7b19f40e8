import {
  type Approval,
  type ApprovalNews,
  type ApprovalNotice,
  type ApprovalNotifier,
  type ApprovalStepKind,
  type ApprovalStore,
  behindStep,
  type Settled,
  type TakenStep,
  type ToldStep,
} from "../approvals/index.ts";
import { instantText } from "../model/instant.ts";
import { nextTurn } from "./read-audit.ts";
import { recordEvent, type Service } from "./service.ts";

/** One thing that happened to an approval, with the approval as it was then or later. */
export interface ApprovalStep extends TakenStep {
  readonly approval: Approval;
}

/**
 * Tells the steps of approvals: records them, and announces them to other replicas and to people outside. The store keeps
 * each as untold until then, so one that could not be told is told later, by this process or another one. Where a process
 * dies right behind telling a step it is told again; its approval, kind and person say that it is the same.
 */
export interface ApprovalAnnouncer {
  /**
   * Resolves when all steps are recorded. Who waits for an approval is woken in any case: what happened has happened.
   * @throws UnavailableError `audit_unavailable`; `catchUp` records it later
   */
  announce(steps: readonly ApprovalStep[]): Promise<void>;
  /**
   * Tells what was not told within ten seconds, until something fails again.
   * @throws UnavailableError `audit_unavailable`, `storage_unavailable`
   */
  catchUp(): Promise<void>;
  /** Resolves when all that was announced is told, or failed to be. @throws UnavailableError `storage_unavailable` */
  settle(): Promise<void>;
}

export type AnnouncerDeps = Pick<Service, "spool" | "redactor" | "clock" | "newId" | "logger"> & {
  readonly approvalStore: Pick<ApprovalStore, "markTold" | "claimUntold">;
  readonly news: Pick<ApprovalNews, "publish">;
  readonly notifier: ApprovalNotifier;
};

/** Approvals that one look at the store claims, and steps that one call marks. */
const BATCH = 100;

export function createApprovalAnnouncer(deps: AnnouncerDeps): ApprovalAnnouncer {
  const { approvalStore, clock, logger, news, notifier } = deps;
  const told = createToldSteps(approvalStore);
  /** Steps that were recorded here, or are being, and that the store does not know as told. */
  const recorded = new Set<string>();
  const inFlight = new Set<Promise<void>>();

  async function record(step: ApprovalStep): Promise<void> {
    const key = keyOf(step);
    if (recorded.has(key)) return;
    recorded.add(key);
    try {
      await recordEvent(deps, `approval.${step.kind}`, step.by?.keyId ?? "system", evidenceOf(step));
    } catch (error) {
      recorded.delete(key);
      throw error;
    }
  }

  async function notify(step: ApprovalStep): Promise<void> {
    const notice = NOTICES[step.kind];
    if (notice === undefined) return;
    try {
      await notifier.notify(notice, behindStep(step.approval, step));
    } catch (error) {
      logger.warn({ err: error, approval_id: step.approval.id }, "a notice of an approval waits");
      throw error;
    }
  }

  /** Never rejects: what failed stays untold, and `catchUp` comes back to it. */
  async function finish(step: ApprovalStep, telling: Promise<unknown>): Promise<void> {
    try {
      await telling;
      await told.add({ id: step.approval.id, kind: step.kind, ...(step.by && { by: step.by }) });
      recorded.delete(keyOf(step));
    } catch {
      // Whoever failed has said so, or `catchUp` will.
    }
  }

  /** @returns when it is recorded; the notice takes its time */
  function tell(step: ApprovalStep): Promise<void> {
    const recording = record(step);
    const telling = finish(step, Promise.all([recording, notify(step)])).finally(() => inFlight.delete(telling));
    inFlight.add(telling);
    return recording;
  }

  async function announce(steps: readonly ApprovalStep[]): Promise<void> {
    const telling = steps.map(tell);
    for (const { approval } of steps) void news.publish(approval.id);
    const failed = (await Promise.allSettled(telling)).find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  return {
    announce,
    async catchUp() {
      await told.flush();
      for (let count = BATCH; count === BATCH; ) {
        const claims = await approvalStore.claimUntold(clock.now(), BATCH);
        for (const { approval, claimed } of claims) {
          await announce(claimed.map((step) => ({ ...step, approval })));
          await nextTurn();
        }
        count = claims.length;
      }
    },
    async settle() {
      await Promise.all(inFlight);
      await told.flush();
    },
  };
}

/** Beyond this many the oldest are left to be told again. */
const TOLD_MAX = 10_000;

/** Tells the store which steps are told, all that came up during one call with the next. */
function createToldSteps(store: Pick<ApprovalStore, "markTold">) {
  let waiting: ToldStep[] = [];
  let marking: Promise<void> | undefined;

  async function mark(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      await store.markTold(batch);
      waiting = waiting.filter((step) => !batch.includes(step));
    }
  }

  async function flush(): Promise<void> {
    marking ??= mark().finally(() => {
      marking = undefined;
    });
    await marking;
  }

  return {
    flush,
    async add(step: ToldStep): Promise<void> {
      waiting.push(step);
      if (waiting.length > TOLD_MAX) waiting.shift();
      await flush();
    },
  };
}

const keyOf = ({ approval, kind, by }: ApprovalStep) => JSON.stringify([approval.id, kind, by?.name]);

/** A vote that completes the quorum is told as the approval that it makes. */
const NOTICES: Partial<Record<ApprovalStepKind, ApprovalNotice>> = {
  opened: "opened",
  approved: "resolved",
  denied: "resolved",
  cancelled: "resolved",
  expired: "expired",
};

const evidenceOf = (step: ApprovalStep) => ({
  ...(step.by && { by: step.by.name }),
  ...approvalEvidence(behindStep(step.approval, step)),
});

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
  expired.map((approval) => ({ kind: "expired", approval }));

/** The step of an approval that was found expired on the way to something else. */
export const expiryFound = ({ approval, hasResolved }: Settled): ApprovalStep[] =>
  hasResolved && approval.status === "expired" ? expirySteps([approval]) : [];
