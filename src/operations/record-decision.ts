import { type Spool, serializeDecision } from "../audit/index.ts";
import type { Identity } from "../model/activation.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import type { Decision } from "../model/decision.ts";
import { decisionJson } from "../model/decision-json.ts";
import { instantText } from "../model/instant.ts";
import type { EvaluateRequest } from "../model/request.ts";
import type { Redactor } from "../redaction/index.ts";

export interface DecisionToRecord {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly request: EvaluateRequest;
  /** The text that `request` was read from. */
  readonly requestJson: string;
  readonly identity: Identity;
  readonly decision: Decision;
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
  /** A key's own identity is one object for all its requests. */
  const identities = new WeakMap<Identity, Text>();

  function identityText(identity: Identity): Text {
    let text = identities.get(identity);
    if (text === undefined) {
      text = redactIdentity(redactor, JSON.stringify(identity));
      identities.set(identity, text);
    }
    return text;
  }

  /** Only the messages of errors can quote a request; the rest is what the rule files say. */
  function decisionText(decision: Decision): Text {
    const json = decisionJson(decision);
    return decision.errors.length === 0 ? { json } : (redactor.redactJson(json) ?? { json });
  }

  return (made) => {
    const request = redactor.redactJson(made.requestJson);
    const identity = identityText(made.identity);
    const decision = decisionText(made.decision);
    const client = made.clientRequestId === undefined ? undefined : redactor.redactText(made.clientRequestId);
    const redacted = [
      ...under("/request", request?.pointers),
      ...(identity.pointers ?? []),
      ...under("/decision", decision.pointers),
      ...(client === made.clientRequestId ? [] : ["/client_request_id"]),
    ];
    return spool.append(
      serializeDecision({
        id: made.id,
        time: instantText(made.now),
        requestJson: request?.json ?? made.requestJson,
        identityJson: identity.json,
        decisionJson: decision.json,
        key_id: made.keyId,
        client_request_id: client,
        latency_us: made.latencyUs,
        ...(redacted.length === 0
          ? undefined
          : { redacted, arguments_digest: redactor.digest(canonicalJson(made.request.arguments ?? {})) }),
      }),
    );
  };
}

const WRAP = '{"identity":';

/** In its place in a request, so that configured paths reach it here too. */
function redactIdentity(redactor: Redactor, json: string): Text {
  const redaction = redactor.redactJson(`${WRAP}${json}}`);
  return redaction === undefined ? { json } : { ...redaction, json: redaction.json.slice(WRAP.length, -1) };
}

function under(prefix: string, pointers: readonly string[] = []): string[] {
  return pointers.map((pointer) => prefix + pointer);
}
