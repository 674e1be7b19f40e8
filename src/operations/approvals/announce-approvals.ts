import {
  type Approval,
  type ApprovalNews,
  type ApprovalNotice,
  type ApprovalNotifier,
  type ApprovalStepKind,
  type ApprovalStore,
  behindStep,
  type ClaimedSteps,
  type Settled,
  type TakenStep,
  type ToldStep,
  type UntoldStep,
} from "../../approvals/index.ts";
import { instantText } from "../../model/instant.ts";
import { recordEvent, type Service } from "../service.ts";

/** One thing that happened to an approval, with the approval as it was then or later. */
export interface ApprovalStep extends TakenStep, Pick<UntoldStep, "isRecorded"> {
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
   * Tells what was not told within ten seconds, until something fails again. Who waits for an approval has looked by then.
   * @param signal when it is aborted, what is claimed is told and no more is claimed
   * @throws UnavailableError `audit_unavailable`, `storage_unavailable`
   */
  catchUp(signal?: AbortSignal): Promise<void>;
  /** Resolves when all that was announced is told, or failed to be. @throws UnavailableError `storage_unavailable` */
  settle(): Promise<void>;
}

export type AnnouncerDeps = Pick<Service, "spool" | "redactor" | "clock" | "newId" | "logger"> & {
  readonly approvalStore: Pick<ApprovalStore, "markTold" | "claimUntold">;
  readonly news: Pick<ApprovalNews, "publish">;
  readonly notifier: ApprovalNotifier;
  /** Resolves after `ms`, also while the process stops. */
  readonly wait: (ms: number) => Promise<unknown>;
};

/**
 * Approvals that one look at the store claims, and steps that one call marks: each may have a quarter of a megabyte, and an
 * outage lets every look claim so many again.
 */
const BATCH = 20;

/**
 * Between announcing a step and marking it as told, in milliseconds: who waits for the approval reads it first, which counts
 * where the database runs in this thread. A process that dies in between has the step told twice.
 */
const MARK_AFTER_MS = 25;

/** Beyond so many that wait to be marked, or that are known to be recorded, the oldest may be told again. */
const REMEMBERED_MAX = 10_000;

interface Telling {
  readonly recording: Promise<void>;
  readonly noticing: Promise<void>;
  readonly mark: (step: ToldStep) => Promise<void>;
}

export function createApprovalAnnouncer(deps: AnnouncerDeps): ApprovalAnnouncer {
  const { approvalStore, clock, logger, news, notifier } = deps;
  const record = createRecorder(deps);
  const told = createToldSteps(approvalStore, deps.wait);
  const inFlight = new Set<Promise<void>>();

  /** People are told how the approval stands: what was opened, and is answered by now, needs nobody. */
  async function notify({ kind, approval }: ApprovalStep): Promise<void> {
    const notice = NOTICES[kind];
    if (notice !== undefined) await notifier.notify(notice, approval);
  }

  /** @throws what kept the step from being told: some of it stays untold, and `catchUp` comes back to it */
  async function finish(step: ApprovalStep, { recording, noticing, mark }: Telling): Promise<void> {
    const [recorded, noticed] = await Promise.allSettled([recording, noticing]);
    const { kind, by } = step;
    const taken = { id: step.approval.id, kind, ...(by && { by }) };
    if (recorded.status === "fulfilled") {
      const isTold = noticed.status === "fulfilled";
      if (isTold || step.isRecorded !== true) await mark(isTold ? taken : { ...taken, isOnlyRecorded: true });
    }
    assertFulfilled([recorded, noticed]);
  }

  function tell(step: ApprovalStep, mark: Telling["mark"]) {
    const [recording, noticing] = [record(step), notify(step)];
    const telling = finish(step, { recording, noticing, mark });
    const ended = telling.catch(() => undefined).finally(() => inFlight.delete(ended));
    inFlight.add(ended);
    return { recording, noticing, telling };
  }

  async function tellClaimed(claims: readonly ClaimedSteps[]): Promise<void> {
    const steps = claims.flatMap(({ approval, claimed }) => claimed.map((step) => ({ ...step, approval })));
    assertFulfilled(await Promise.allSettled(steps.map((step) => tell(step, told.add).telling)));
  }

  return {
    async announce(steps) {
      const telling = steps.map((step) => tell(step, told.addLater));
      for (const [n, { approval }] of steps.entries()) {
        telling[n]!.noticing.catch((error) =>
          logger.warn({ err: error, approval_id: approval.id }, "a notice of an approval waits"),
        );
        void news.publish(approval.id);
      }
      assertFulfilled(await Promise.allSettled(telling.map(({ recording }) => recording)));
    },
    async catchUp(signal) {
      // First, so that nobody else claims what is told. A full store may not take it, and what it holds is told all the same.
      const flushed = await Promise.allSettled([told.flush()]);
      for (let count = BATCH; count === BATCH; ) {
        const claims = await approvalStore.claimUntold(clock.now(), BATCH);
        await tellClaimed(claims);
        count = signal?.aborted === true ? 0 : claims.length;
      }
      assertFulfilled(flushed);
    },
    async settle() {
      await Promise.all(inFlight);
      await told.flush();
    },
  };
}

/** Records each step once in the life of this process, however often it is told. */
function createRecorder(deps: AnnouncerDeps): (step: ApprovalStep) => Promise<void> {
  /** By `keyOf`. INVARIANT: a step that is being recorded is not yet recorded: who tells it as well waits for the same. */
  const recordings = new Map<string, Promise<void>>();

  async function record(step: ApprovalStep): Promise<void> {
    await recordEvent(deps, `approval.${step.kind}`, step.by?.keyId ?? "system", evidenceOf(step));
  }

  return async (step) => {
    if (step.isRecorded === true) return;
    const key = keyOf(step);
    const earlier = recordings.get(key);
    if (earlier !== undefined) return earlier;
    const recording = record(step);
    recordings.set(key, recording);
    if (recordings.size > REMEMBERED_MAX) recordings.delete(recordings.keys().next().value!);
    recording.catch(() => recordings.delete(key));
    return recording;
  };
}

/** Tells the store which steps are told, all that came up meanwhile at once. */
function createToldSteps(store: Pick<ApprovalStore, "markTold">, wait: AnnouncerDeps["wait"]) {
  let waiting: ToldStep[] = [];
  let marking: Promise<void> | undefined;
  let due: Promise<void> | undefined;

  async function mark(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const batch = waiting.slice(0, BATCH);
        await store.markTold(batch);
        waiting = waiting.filter((step) => !batch.includes(step));
      }
    } finally {
      marking = undefined;
    }
  }

  async function flush(): Promise<void> {
    if (waiting.length > 0) marking ??= mark();
    await marking;
  }

  async function flushLater(): Promise<void> {
    await wait(MARK_AFTER_MS);
    due = undefined;
    await flush();
  }

  function remember(step: ToldStep): void {
    waiting.push(step);
    if (waiting.length > REMEMBERED_MAX) waiting.shift();
  }

  return {
    flush,
    async add(step: ToldStep): Promise<void> {
      remember(step);
      await flush();
    },
    async addLater(step: ToldStep): Promise<void> {
      remember(step);
      due ??= flushLater();
      await due;
    },
  };
}

const keyOf = ({ approval, kind, by }: ApprovalStep) => JSON.stringify([approval.id, kind, by?.name]);

function assertFulfilled(results: readonly PromiseSettledResult<unknown>[]): void {
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

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
