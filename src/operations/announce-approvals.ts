import type {
  Actor,
  Approval,
  ApprovalNews,
  ApprovalNotice,
  ApprovalNotifier,
  ApprovalStore,
  Settled,
} from "../approvals/index.ts";
import type { EventKind } from "../audit/index.ts";
import { instantText } from "../model/instant.ts";
import { nextTurn } from "./read-audit.ts";
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
  /** Tries again what could not be recorded or handed over, until one of a kind fails again. Never throws. */
  retry(): Promise<void>;
  /** What waits for `retry`. */
  readonly waiting: number;
}

export type AnnouncerDeps = Pick<Service, "spool" | "redactor" | "clock" | "newId" | "logger"> & {
  readonly approvalStore: Pick<ApprovalStore, "get">;
  readonly news: Pick<ApprovalNews, "publish">;
  readonly notifier: ApprovalNotifier;
};

/** What waits is small: events without arguments, and ids. Beyond this many the oldest are given up, and the log says so. */
const WAITING_MAX = 10_000;

export function createApprovalAnnouncer(deps: AnnouncerDeps): ApprovalAnnouncer {
  const events = createBacklog(deps, "an event of an approval was given up: too many wait", (event: StepEvent) =>
    recordEvent(deps, event.kind, event.actor, event.data),
  );
  const notices = createBacklog(deps, "a notice of an approval was given up: too many wait", async (notice: Notice) => {
    const found = await deps.approvalStore.get(notice.id, deps.clock.now());
    if (found !== undefined) await deps.notifier.notify(notice.kind, found.approval);
  });

  function notify(kind: ApprovalNotice, approval: Approval): void {
    deps.notifier.notify(kind, approval).catch((error) => {
      deps.logger.warn({ err: error, approval_id: approval.id }, "a notice of an approval waits");
      notices.keep({ kind, id: approval.id });
    });
  }

  return {
    async announce(steps) {
      const recorded = steps.map(async (step) => {
        const event = eventOf(step);
        try {
          await recordEvent(deps, event.kind, event.actor, event.data);
        } catch (error) {
          events.keep(event);
          throw error;
        }
      });
      for (const { kind, approval } of steps) {
        void deps.news.publish(approval.id);
        const notice = NOTICES[kind];
        if (notice !== undefined) notify(notice, approval);
      }
      const failed = (await Promise.allSettled(recorded)).find((result) => result.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    },
    async retry() {
      await Promise.all([events.retry(), notices.retry()]);
    },
    get waiting() {
      return events.size + notices.size;
    },
  };
}

interface StepEvent {
  readonly kind: ApprovalStep["kind"];
  readonly actor: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The approval itself is read again: many large ones would fill the memory while the database is away. */
interface Notice {
  readonly kind: ApprovalNotice;
  readonly id: string;
}

/** What could not be done, to be tried again in its order. */
function createBacklog<Item>(
  { logger }: Pick<AnnouncerDeps, "logger">,
  givenUp: string,
  attempt: (item: Item) => Promise<void>,
) {
  const items: Item[] = [];
  let isRetrying = false;
  return {
    get size() {
      return items.length;
    },
    keep(item: Item): void {
      items.push(item);
      if (items.length <= WAITING_MAX) return;
      items.shift();
      logger.error(givenUp);
    },
    async retry(): Promise<void> {
      if (isRetrying) return;
      isRetrying = true;
      try {
        for (let item = items[0]; item !== undefined; item = items[0]) {
          await attempt(item);
          // Another one may have pushed the oldest out meanwhile.
          if (items[0] === item) items.shift();
          await nextTurn();
        }
      } catch {
        // Whoever failed said so when it was kept; the next one is told of the same outage.
      } finally {
        isRetrying = false;
      }
    },
  };
}

/** A vote that completes the quorum is told as the approval that it makes. */
const NOTICES: Partial<Record<ApprovalStep["kind"], ApprovalNotice>> = {
  "approval.opened": "opened",
  "approval.approved": "resolved",
  "approval.denied": "resolved",
  "approval.cancelled": "resolved",
  "approval.expired": "expired",
};

const eventOf = ({ kind, approval, actor }: ApprovalStep): StepEvent => ({
  kind,
  actor: actor?.keyId ?? "system",
  data: { ...(actor === undefined ? undefined : { by: actor.identity.name }), ...approvalEvidence(approval) },
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
  expired.map((approval) => ({ kind: "approval.expired", approval }));

/** The step of an approval that was found expired on the way to something else. */
export const expiryFound = ({ approval, hasResolved }: Settled): ApprovalStep[] =>
  hasResolved && approval.status === "expired" ? expirySteps([approval]) : [];
