import {
  type AppError,
  ERROR_CODES,
  type ErrorCode,
  type FieldFault,
  type ProblemExtensions,
} from "../model/errors.ts";

/** An RFC 9457 problem. `decision` is there on the evaluate routes, so that a client that looks at nothing else fails closed. */
export interface Problem extends ProblemExtensions {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  /** `urn:uuid:` and the id of this request. */
  readonly instance: string;
  readonly errors?: readonly FieldFault[];
  readonly decision?: "deny";
}

export function problemOf(error: AppError, requestId: string, isDecision: boolean): Problem {
  const { status, title } = ERROR_CODES[error.code];
  return {
    ...(isDecision ? { decision: "deny" } : undefined),
    type: problemType(error.code),
    title,
    status,
    code: error.code,
    detail: error.detail,
    instance: `urn:uuid:${requestId}`,
    ...(error.faults.length > 0 ? { errors: error.faults } : undefined),
    ...error.extensions,
  };
}

/** The page of `docs/problems.md`, as the service itself serves it. */
export const problemType = (code: ErrorCode) => `/docs#${code}`;

/** Headers that belong to a problem's status (RFC 6750 section 3, RFC 9110 section 10.2.3). */
export function problemHeaders(error: AppError): Record<string, string> {
  const { status, retryable } = ERROR_CODES[error.code];
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (status === 401) {
    const reason = error.code === "unauthenticated" ? "" : `, error="invalid_token"`;
    headers["www-authenticate"] = `Bearer realm="verdict"${reason}`;
  }
  if (error.code === "insufficient_scope")
    headers["www-authenticate"] = `Bearer realm="verdict", error="insufficient_scope"`;
  if (retryable) headers["retry-after"] = "1";
  return headers;
}
