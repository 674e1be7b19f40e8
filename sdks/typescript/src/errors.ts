import type { Decision } from "./decision.ts";
import type { Approval, Problem } from "./wire.ts";

/** What all errors of this package extend; `name` tells them apart where two copies of it are loaded. */
export abstract class VerdictSdkError extends Error {}

/** The rules say no; `message` is `reason` and what else a model can act on. */
export class PolicyDenied extends VerdictSdkError {
  override readonly name = "PolicyDenied";
  readonly decision: Decision;

  constructor(decision: Decision) {
    super([decision.reason, decision.helpText].filter(Boolean).join(" "));
    this.decision = decision;
  }

  /** Absent when no rule decided. */
  get ruleId(): string | undefined {
    return this.decision.ruleId;
  }

  get ruleName(): string | undefined {
    return this.decision.ruleName;
  }

  get reason(): string {
    return this.decision.reason;
  }

  get reasonCode(): string {
    return this.decision.reasonCode;
  }

  get helpText(): string | undefined {
    return this.decision.helpText;
  }

  get helpUrl(): string | undefined {
    return this.decision.helpUrl;
  }

  /** The id of the audit record. */
  get requestId(): string | undefined {
    return this.decision.requestId;
  }
}

/** A person said no, the question was taken back, or nobody answered in time. */
export class ApprovalDenied extends VerdictSdkError {
  override readonly name = "ApprovalDenied";
  readonly approval: Approval;

  constructor(approval: Approval) {
    const reason = approval.resolution?.reason;
    super(
      `The approval was ${approval.status === "expired" ? "not given in time" : approval.status}.${reason === undefined ? "" : ` ${reason}`}`,
    );
    this.approval = approval;
  }

  get approvalId(): string {
    return this.approval.id;
  }

  get status(): Approval["status"] {
    return this.approval.status;
  }

  /** What the person said. */
  get reason(): string | undefined {
    return this.approval.resolution?.reason;
  }
}

/** The caller's own limit came before a person's answer; the approval may still be given. */
export class ApprovalTimeout extends VerdictSdkError {
  override readonly name = "ApprovalTimeout";
  readonly approvalId: string;

  constructor(approvalId: string) {
    super(`Nobody answered the approval ${approvalId} within the time that was given.`);
    this.approvalId = approvalId;
  }
}

/** No connection, a broken one, or no whole answer in time: nothing is known, so nothing is allowed. */
export class ServerUnreachable extends VerdictSdkError {
  override readonly name = "ServerUnreachable";
}

/** An answer that is not a 200 with a JSON object. */
export class VerdictError extends VerdictSdkError {
  override readonly name = "VerdictError";
  /** The answer's own, whatever its body says. */
  readonly status: number;
  /** Of `docs/problems.md`; `http_error` where the answer has none, `malformed_answer` for a 200 that is no JSON object. */
  readonly code: string;
  readonly detail: string;
  /** The problem details (RFC 9457) as they were sent. */
  readonly problem: Partial<Problem> | undefined;

  constructor(status: number, code: string, detail: string, problem?: Partial<Problem>) {
    super(`Verdict answered ${status} (${code}): ${detail}`);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.problem = problem;
  }
}

/** A request that has no canonical form, or an id that is none; nothing was sent. */
export class InvalidRequest extends VerdictSdkError {
  override readonly name = "InvalidRequest";
}

/** The client cannot be made of these arguments and this environment. */
export class ConfigurationError extends VerdictSdkError {
  override readonly name = "ConfigurationError";
}
