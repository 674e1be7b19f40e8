/**
 * Every expected failure that can leave the service, in one registry. `docs/problems.md` and the OpenAPI document are
 * held equal to it by a test. The wire form is RFC 9457 (`application/problem+json`).
 */
export const ERROR_CODES = {
  malformed_json: { status: 400, title: "The body is not JSON", retryable: false },
  invalid_request: { status: 400, title: "The request is not valid", retryable: false },
  unauthenticated: { status: 401, title: "No valid API key was given", retryable: false },
  key_expired: { status: 401, title: "The API key has expired", retryable: false },
  key_revoked: { status: 401, title: "The API key was revoked", retryable: false },
  insufficient_scope: { status: 403, title: "The API key lacks a scope", retryable: false },
  identity_forbidden: { status: 403, title: "The API key may not act for another identity", retryable: false },
  approver_required: { status: 403, title: "This approval needs another person", retryable: false },
  host_forbidden: { status: 403, title: "The Host header is not allowed", retryable: false },
  not_found: { status: 404, title: "There is no such resource", retryable: false },
  method_not_allowed: { status: 405, title: "The resource does not know this method", retryable: false },
  conflict: { status: 409, title: "The resource is in another state", retryable: false },
  body_too_large: { status: 413, title: "The body is too large", retryable: false },
  unsupported_media_type: { status: 415, title: "The body must be application/json", retryable: false },
  rules_invalid: { status: 422, title: "The rules have errors and were not activated", retryable: false },
  fixtures_invalid: { status: 422, title: "The fixtures have errors, so nothing was run", retryable: false },
  limit_exceeded: { status: 422, title: "The work takes more time or memory than it may", retryable: false },
  too_many_requests: { status: 429, title: "Too many requests of this kind are under way", retryable: true },
  internal_error: { status: 500, title: "The service failed", retryable: false },
  not_ready: { status: 503, title: "The service is starting or stopping", retryable: true },
  overloaded: { status: 503, title: "More is asked than can be answered in time", retryable: true },
  storage_unavailable: { status: 503, title: "The database did not answer", retryable: true },
  audit_unavailable: { status: 503, title: "The audit log cannot be written", retryable: true },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One fault in a request: an RFC 6901 JSON pointer into the body (`""` is the whole body) and what to do about it. */
export interface FieldFault {
  readonly pointer: string;
  readonly detail: string;
}

/** A fault in a file of a bundle; line and column count from 1. */
export interface FileFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: "error" | "warning";
  /** Kebab-case and stable. */
  readonly code: string;
  readonly message: string;
  /** Full id of the rule it is about, where there is one. */
  readonly rule_id?: string;
}

/** Members of a problem beyond those of RFC 9457 (its section 3.2). */
export interface ProblemExtensions {
  /** Of a `conflict` about an approval: its status. */
  readonly current_status?: string;
  /** Of `rules_invalid` and `fixtures_invalid` about files that were sent: their faults. */
  readonly diagnostics?: readonly FileFault[];
}

/** An expected failure. `detail` goes on the wire, so it never quotes a secret or a driver's message. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly detail: string;
  readonly faults: readonly FieldFault[];
  readonly extensions: ProblemExtensions;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { faults?: readonly FieldFault[]; extensions?: ProblemExtensions; cause?: unknown } = {},
  ) {
    super(`${code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = detail;
    this.faults = options.faults ?? [];
    this.extensions = options.extensions ?? {};
  }
}

/** A database, Redis or disk that does not answer. Adapters wrap every driver error in it, with `cause`. */
export class UnavailableError extends AppError {
  constructor(what: "storage" | "audit", detail: string, cause?: unknown) {
    super(what === "storage" ? "storage_unavailable" : "audit_unavailable", detail, { cause });
  }
}

export const isStorageDown = (error: unknown) => error instanceof AppError && error.code === "storage_unavailable";
