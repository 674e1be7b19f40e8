import {
  type Approval,
  approvalDigest,
  type ConsumeRefusal,
  combineTerms,
  type NewApproval,
  personOf,
  ruleDigest,
} from "../../approvals/index.ts";
import type { Caller } from "../../identity/index.ts";
import type { Activation } from "../../model/activation.ts";
import type { Decision, ReasonCode } from "../../model/decision.ts";
import { instantText } from "../../model/instant.ts";
import { isUuid } from "../../model/uuid.ts";
import type { Rule, RuleSet } from "../../rules/index.ts";
import { denial } from "../decisions/denial.ts";
import type { Service } from "../service.ts";
import { type ApprovalStep, expiryFound, expirySteps } from "./announce-approvals.ts";

/** A request whose answer depends on a person. */
export interface ApprovalQuestion {
  readonly caller: Caller;
  readonly activation: Activation;
  readonly ruleSet: RuleSet;
  /** What the rules alone say. */
  readonly ruled: Decision;
  /** The approval that the caller says it was given. */
  readonly approvalId: string | undefined;
}

/** What the rules and the person say together. */
export interface ApprovalAnswer {
  readonly decision: Decision;
  /** The approval that it rests on. */
  readonly approval?: Approval;
}

/**
 * Asks a person where the rules want one, or uses what a person granted.
 *
 * SECURITY: an approval only ever turns `approval_required` into `allow`: the rules have run again, and a deny stays a deny.
 * @throws UnavailableError `storage_unavailable` or `audit_unavailable`; the action must be denied then
 */
export async function actOnApproval(service: Service, question: ApprovalQuestion): Promise<ApprovalAnswer> {
  const { ruled, approvalId } = question;
  if (ruled.decision === "deny") return { decision: ruled };
  if (ruled.decision === "approval_required") {
    return approvalId === undefined ? openApproval(service, question) : useGrant(service, question, approvalId);
  }
  if (approvalId === undefined) return { decision: ruled };
  const reason = "The rules no longer ask for an approval of this action. Evaluate it again without `approval_id`.";
  return { decision: byRule("approval_rule_changed", reason, ruled) };
}

async function openApproval(service: Service, question: ApprovalQuestion): Promise<ApprovalAnswer> {
  const { ruled, activation } = question;
  const limits = { pendingMax: service.settings.approvalsPendingMax };
  const opened = await service.approvalStore.open(newApproval(service, question), activation.now, limits);
  const steps: ApprovalStep[] = expirySteps(opened.expired);
  if (opened.outcome === "opened") {
    steps.push({ kind: "opened", by: personOf(question.caller), approval: opened.approval });
  }
  if (steps.length > 0) await service.approvalAnnouncer.announce(steps);
  if (opened.outcome === "queue_full") {
    const reason = `${opened.pending} actions of this identity wait for a person already, or were taken back in the last five minutes, and no more may.`;
    const help_text = "Wait until some of them are answered.";
    return { decision: { ...byRule("approval_queue_full", reason, ruled), help_text } };
  }
  const { approval } = opened;
  const help_text = [ruled.help_text, howToGoOn(approval)].filter((text) => text !== undefined).join(" ");
  return { decision: { ...ruled, help_text, approval: referenceTo(approval) }, approval };
}

function newApproval(service: Service, question: ApprovalQuestion): NewApproval {
  const { caller, activation, ruleSet, ruled } = question;
  const rules = askingRules(question);
  const { name, roles, tenant } = activation.identity;
  const { id } = activation.session;
  const asked = ruleDigest(rules);
  return {
    id: service.newId(activation.now),
    digest: approvalDigest(activation, asked),
    requester: {
      identity: { name, roles, ...(tenant === undefined ? undefined : { tenant }) },
      keyId: caller.keyId,
      keyHolder: caller.identity.name,
      ...(caller.identity.tenant !== undefined && { keyHolderTenant: caller.identity.tenant }),
    },
    actionType: activation.action_type,
    actionName: activation.action_name,
    ...(id === undefined ? undefined : { sessionId: id }),
    requestId: activation.request.id,
    rule: { id: ruled.rule_id ?? "", name: ruled.rule_name ?? "", reason: ruled.reason },
    ruleDigest: asked,
    terms: termsOf(rules, ruled),
    policyRevision: ruleSet.revision,
    ...shownOf(service, question),
  };
}

/**
 * SECURITY: a rule that could not be evaluated asks as well, and who sent the odd input would else get by silence what the
 * rule may deny.
 */
function termsOf(rules: readonly Rule[], { errors, errors_omitted }: Decision): NewApproval["terms"] {
  const terms = combineTerms(rules.flatMap(({ approval }) => approval ?? []));
  const hasErred = errors_omitted !== undefined || errors.some(({ rule_id }) => rules.some(({ id }) => id === rule_id));
  return hasErred ? { ...terms, onTimeout: "deny" } : terms;
}

/**
 * What people and the log are shown of it, laid out as a request is, so that configured paths reach everything in it. What
 * is matched later is kept as it is, and shown to nobody.
 */
function shownOf({ redactor }: Service, { activation, caller }: ApprovalQuestion): Pick<NewApproval, "shown" | "view"> {
  const { action_type, action_name, destination, context, session } = activation;
  const { name, roles, tenant } = activation.identity;
  const json = JSON.stringify({
    action_type,
    action_name,
    session_id: session.id,
    identity: { name, roles, tenant },
    arguments: activation.arguments,
    destination,
    context,
  });
  const { session_id, identity, ...view } = JSON.parse(redactor.redactJson(json)?.json ?? json);
  const sessionId = session_id === undefined ? undefined : { sessionId: String(session_id) };
  const asker = shownIdentity(identity);
  const holder = caller.identity.name;
  return {
    shown: {
      actionType: String(view.action_type),
      actionName: String(view.action_name),
      ...sessionId,
      identity: asker,
      keyHolder: holder === name ? asker.name : redactor.redactText(holder),
    },
    view: JSON.stringify(view),
  };
}

/** A part that is configured to be redacted is a marker, whatever it was. */
function shownIdentity(identity: unknown): NewApproval["shown"]["identity"] {
  if (typeof identity !== "object" || identity === null) return { name: String(identity), roles: [] };
  const { name, roles, tenant } = identity as { name: unknown; roles: unknown; tenant?: unknown };
  return {
    name: String(name),
    roles: Array.isArray(roles) ? roles.map(String) : [String(roles)],
    ...(tenant !== undefined && { tenant: String(tenant) }),
  };
}

/** Every rule that determined the outcome: each of them wants to be satisfied. In the order of their ids. */
function askingRules({ ruleSet, ruled }: ApprovalQuestion): readonly Rule[] {
  const rules = ruled.rules.map((id) => ruleSet.rule(id));
  if (rules.length === 0 || rules.some((rule) => rule?.approval === undefined)) {
    throw new Error("a rule that asks for an approval says nothing of how to get it");
  }
  return rules as readonly Rule[];
}

async function useGrant(service: Service, question: ApprovalQuestion, id: string): Promise<ApprovalAnswer> {
  const { caller, activation, ruled } = question;
  const found = isUuid(id) ? await service.approvalStore.get(id, activation.now) : undefined;
  if (found === undefined) return refused(question, "approval_unknown");
  const mismatch = mismatchOf(found.approval, question);
  if (found.hasResolved) await service.approvalAnnouncer.announce(expiryFound(found));
  if (mismatch !== undefined) return refused(question, mismatch);
  if (isRevokedVote(service, found.approval)) return refused(question, "approval_vote_revoked", found.approval);

  const digest = approvalDigest(activation, found.approval.ruleDigest);
  const use = { digest, requestId: activation.request.id, caller };
  const step = await service.approvalStore.consume(id, use, activation.now);
  if (step === undefined) return refused(question, "approval_unknown");
  const { approval } = step;
  if (isRevokedVote(service, approval)) return refused(question, "approval_vote_revoked", approval);
  const consumed: ApprovalStep = {
    kind: "consumed",
    by: personOf(caller),
    approval,
  };
  const steps = [...expiryFound(step), ...(step.ok ? [consumed] : [])];
  if (steps.length > 0) await service.approvalAnnouncer.announce(steps);
  if (!step.ok) return refused(question, codeOf(step.refusal, approval), approval);
  const granted: Decision = {
    ...ruled,
    decision: "allow",
    reason: grantReason(approval),
    reason_code: "approval_granted",
    approval: referenceTo(approval),
  };
  const { help_text: _, help_url: __, ...decision } = granted;
  return { decision, approval };
}

const isRevokedVote = ({ keyRing }: Service, { votes }: Approval) =>
  votes.some(({ keyId }) => keyRing.isRevoked(keyId));

/** Which part of the approval's question is not this one, the most telling first. */
function mismatchOf(approval: Approval, question: ApprovalQuestion): ReasonCode | undefined {
  const { activation } = question;
  const asked = approval.requester.identity;
  const { name, roles, tenant } = activation.identity;
  const isSameIdentity = asked.name === name && asked.tenant === tenant && isSameSet(asked.roles, roles);
  if (!isSameIdentity) return "approval_other_identity";
  if (approval.sessionId !== activation.session.id) return "approval_other_session";
  if (approval.digest !== approvalDigest(activation, approval.ruleDigest)) return "approval_other_action";
  return approval.ruleDigest === ruleDigest(askingRules(question)) ? undefined : "approval_rule_changed";
}

const isSameSet = (a: readonly string[], b: readonly string[]) =>
  a.every((item) => b.includes(item)) && b.every((item) => a.includes(item));

function codeOf(refusal: ConsumeRefusal, { status }: Approval): ReasonCode {
  switch (refusal) {
    case "other_action":
      return "approval_other_action";
    case "own_vote":
      return "approval_own_vote";
    case "grant_consumed":
      return "approval_consumed";
    case "grant_expired":
      return "approval_grant_expired";
    case "not_granted":
      // Approved means granted: the machine gives no other refusal for it.
      return status === "approved" ? "approval_grant_expired" : `approval_${status}`;
  }
}

const REASONS: Partial<Record<ReasonCode, string>> = {
  approval_unknown: "There is no approval with this id.",
  approval_pending: "Nobody has answered yet.",
  approval_denied: "A person denied this action.",
  approval_cancelled: "The approval was cancelled by who asked for it.",
  approval_expired: "Nobody answered in time.",
  approval_grant_expired: "The approval was given, and not used in time.",
  approval_consumed: "The approval was used already; it is good for one action.",
  approval_other_action: "The approval is for another action, or for other arguments or another destination.",
  approval_other_identity: "The approval is for another identity, or for other roles of it.",
  approval_other_session: "The approval is for another session.",
  approval_rule_changed: "The rules ask for something else than when the approval was asked for.",
  approval_own_vote: "Who voted for an approval cannot use it.",
  approval_vote_revoked: "A key that voted for this approval was revoked since.",
};

/** SECURITY: a caller that the approval is not for is shown nothing of it. */
function refused({ ruled }: ApprovalQuestion, code: ReasonCode, approval?: Approval): ApprovalAnswer {
  const said = approval?.resolution?.reason;
  const quoted = said === undefined ? "" : ` The reason given: ${said}`;
  const decision = byRule(code, `${REASONS[code]}${quoted}`, ruled);
  if (approval === undefined) return { decision: { ...decision, help_text: ASK_AGAIN } };
  const help_text = helpAfter(code, approval);
  return { decision: { ...decision, help_text, approval: referenceTo(approval) }, approval };
}

/** The rule that asks for the approval is the one that decided. */
function byRule(code: ReasonCode, reason: string, { rules, rule_id, rule_name, ...ruled }: Decision): Decision {
  const named = { ...(rule_id !== undefined && { rule_id }), ...(rule_name !== undefined && { rule_name }) };
  return { ...denial(code, reason, { ...ruled, rules }), ...named, rules };
}

const ASK_AGAIN = "To ask a person, evaluate the action without `approval_id`.";

function helpAfter(code: ReasonCode, approval: Approval): string {
  if (code === "approval_pending") return howToGoOn(approval);
  if (code === "approval_denied") return "Do not try this another way. Tell the user, or go on without it.";
  return ASK_AGAIN;
}

/** Says what to do in words that a model can follow. */
function howToGoOn({ id, terms }: Approval): string {
  const seconds = Math.floor(terms.grantTtlMs / 1000);
  return (
    `A person was asked and has not answered yet; do not try this another way. Wait with GET ${statusUrl(id)}?wait_seconds=30. ` +
    `Once \`status\` is \`approved\`, evaluate the very same action again with "approval_id":"${id}", within ${seconds} seconds.`
  );
}

const statusUrl = (id: string) => `/v1/approvals/${id}`;

function grantReason({ votes, status }: Approval): string {
  if (status === "expired") return "Nobody answered in time, and the rule allows the action then.";
  return `Approved by ${votes.map(({ voter }) => voter).join(", ")}.`;
}

const referenceTo = ({ id, status, expiresAt }: Approval) => ({
  id,
  status,
  expires_at: instantText(expiresAt),
  status_url: statusUrl(id),
});
