import { APPROVAL_STATUSES, EFFECTS, type Effect } from "../../model/decision.ts";
import { isObject } from "../key-json.ts";
import { createServiceClient, readJson, type ServiceAccess } from "../service/client.ts";
import { type Advice, notVerdict } from "../service/problem.ts";
import type { DecisionService, HookDecision } from "./deps.ts";

/** Longer than any wait of a hook, whose signal ends a request. */
const IDLE_MS = 24 * 60 * 60 * 1000;

/** Asks over the service's HTTP interface. @throws CliError when the address or the key cannot be one */
export function createHttpDecisionService(access: ServiceAccess): DecisionService {
  const { base, send, json } = createServiceClient(access, ADVICE);
  return {
    async evaluate(request, signal) {
      const answer = await send("POST", "v1/policy/evaluate", { idleMs: IDLE_MS, body: request, signal });
      if (answer.statusCode !== 200) {
        answer.destroy();
        throw notVerdict(base);
      }
      const decision = toDecision(await readJson(answer, base));
      if (decision === undefined) throw notVerdict(base);
      return decision;
    },
    async isPending(approvalId, waitSeconds, signal) {
      const path = `v1/approvals/${encodeURIComponent(approvalId)}?wait_seconds=${waitSeconds}`;
      const answer = await json("GET", path, { idleMs: IDLE_MS, signal });
      if (!isObject(answer) || answer.id !== approvalId || !isOneOf(APPROVAL_STATUSES, answer.status)) {
        throw notVerdict(base);
      }
      return answer.status === "pending";
    },
  };
}

/** @returns undefined when it is no decision: a hook blocks then */
function toDecision(answer: unknown): HookDecision | undefined {
  if (!isObject(answer) || !isOneOf(EFFECTS, answer.decision)) return undefined;
  const approval = isObject(answer.approval) ? answer.approval : {};
  return {
    decision: answer.decision as Effect,
    reason: textOr(answer.reason, "") ?? "",
    helpText: textOr(answer.help_text, undefined),
    approvalId: textOr(approval.id, undefined),
    obligations: toDuties(answer.obligations),
  };
}

/** SECURITY: what cannot be read is a duty too, which nobody can take on. */
function toDuties(obligations: unknown): readonly string[] {
  if (obligations === undefined) return [];
  if (!Array.isArray(obligations)) return [UNREADABLE];
  return obligations.map((each) => (isObject(each) && typeof each.type === "string" ? each.type : UNREADABLE));
}

const UNREADABLE = "one that cannot be read";

const textOr = (value: unknown, otherwise: string | undefined) => (typeof value === "string" ? value : otherwise);

const isOneOf = (allowed: readonly string[], value: unknown) => typeof value === "string" && allowed.includes(value);

const NEEDED =
  "Set VERDICT_API_KEY to a key of this service with the scope `evaluate`, such as one with the role `agent`.";

const ADVICE: Advice = {
  hints: {
    unauthenticated: NEEDED,
    key_expired: NEEDED,
    key_revoked: NEEDED,
    insufficient_scope: NEEDED,
    host_forbidden: "Use a name that is in the service's VERDICT_ALLOWED_HOSTS.",
    body_too_large: "Take the step in smaller pieces.",
  },
};
