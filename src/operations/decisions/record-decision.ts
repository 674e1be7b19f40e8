import type { Approval } from "../../approvals/index.ts";
import { type Spool, serializeDecision } from "../../audit/index.ts";
import type { Identity } from "../../model/activation.ts";
import { canonicalJson } from "../../model/canonical-json.ts";
import type { Decision } from "../../model/decision.ts";
import { decisionJson } from "../../model/decision-json.ts";
import { instantText } from "../../model/instant.ts";
import type { EvaluateRequest } from "../../model/request.ts";
import type { Redactor } from "../../redaction/index.ts";
import { approvalEvidence } from "../approvals/announce-approvals.ts";

export interface DecisionToRecord {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly request: EvaluateRequest;
  /** The text that `request` was read from. */
  readonly requestJson: string;
  readonly identity: Identity;
  /** Whether it is the key's own, which is one object for all its requests. */
  readonly isOwnIdentity: boolean;
  readonly decision: Decision;
  /** What the rules alone decided, where an approval made another decision of it. */
  readonly ruled: Decision | undefined;
  /** The approval that the decision rests on. */
  readonly approval: Approval | undefined;
  readonly keyId: string;
  readonly clientRequestId: string | undefined;
  readonly latencyUs: number;
}

/** Resolves when the decision is recorded. @throws UnavailableError `audit_unavailable` */
export type DecisionRecorder = (made: DecisionToRecord) => Promise<void>;

interface Text {
  readonly json: string;
  readonly pointers?: readonly string[];
}

/** What appends decisions to the audit log, without what looks like a secret in them. */
export function createDecisionRecorder(spool: Pick<Spool, "append">, redactor: Redactor): DecisionRecorder {
  const ownIdentities = new WeakMap<Identity, Text>();

  function identityText({ identity, isOwnIdentity }: DecisionToRecord): Text {
    const known = isOwnIdentity ? ownIdentities.get(identity) : undefined;
    if (known !== undefined) return known;
    const text = redactIdentity(redactor, JSON.stringify(identity));
    // What was redacted is looked at again each time: a slow moment must not mark it for good.
    if (isOwnIdentity && text.pointers === undefined) ownIdentities.set(identity, text);
    return text;
  }

  /** Only the messages of errors can quote a request, and people say what they like; the rest is what the rule files say. */
  function decisionText(decision: Decision, isOfRules: boolean): Text {
    const json = decisionJson(decision);
    return isOfRules && decision.errors.length === 0 ? { json } : redacted(redactor, json);
  }

  return (made) => {
    const request = redactor.redactJson(made.requestJson);
    const identity = identityText(made);
    const decision = decisionText(made.decision, made.ruled === undefined);
    const ruled = made.ruled && decisionText(made.ruled, true);
    const approval = made.approval && redacted(redactor, JSON.stringify(approvalEvidence(made.approval)));
    const client = made.clientRequestId === undefined ? undefined : redactor.redactText(made.clientRequestId);
    const pointers = [
      ...under("/request", request?.pointers),
      ...(identity.pointers ?? []),
      ...under("/decision", decision.pointers),
      ...under("/ruled", ruled?.pointers),
      ...under("/approval", approval?.pointers),
      ...(client === made.clientRequestId ? [] : ["/client_request_id"]),
    ];
    return spool.append(
      serializeDecision({
        id: made.id,
        time: instantText(made.now),
        requestJson: request?.json ?? made.requestJson,
        identityJson: identity.json,
        decisionJson: decision.json,
        ruledJson: ruled?.json,
        approvalJson: approval?.json,
        key_id: made.keyId,
        client_request_id: client,
        latency_us: made.latencyUs,
        ...(pointers.length === 0
          ? undefined
          : { redacted: pointers, arguments_digest: redactor.digest(canonicalJson(made.request.arguments ?? {})) }),
      }),
    );
  };
}

const redacted = (redactor: Redactor, json: string): Text => redactor.redactJson(json) ?? { json };

/** In its place in a request, so that configured paths reach it here too. */
function redactIdentity(redactor: Redactor, json: string): Text {
  const redaction = redactor.redactJson(`{"identity":${json}}`);
  if (redaction === undefined) return { json };
  const { identity } = JSON.parse(redaction.json) as { identity?: unknown };
  if (identity === undefined) throw new Error("an identity was redacted to something else");
  return { ...redaction, json: JSON.stringify(identity) };
}

function under(prefix: string, pointers: readonly string[] = []): string[] {
  return pointers.map((pointer) => prefix + pointer);
}
