export { Approvals } from "./approvals.ts";
export { cacheKey } from "./cache-key.ts";
export { canonicalJson } from "./canonical-json.ts";
export type { Decision } from "./decision.ts";
export {
  ApprovalDenied,
  ApprovalTimeout,
  ConfigurationError,
  InvalidRequest,
  PolicyDenied,
  ServerUnreachable,
  VerdictError,
  VerdictSdkError,
} from "./errors.ts";
export type { Platform } from "./platform.ts";
export type { Settings, VerdictOptions } from "./settings.ts";
export { type ApprovalWait, Verdict } from "./verdict.ts";
export type {
  Approval,
  ApprovalList,
  ApprovalReference,
  ApprovalSearch,
  DryRun,
  DryRunRequest,
  EvaluateRequest,
  Identity,
  Obligation,
  Problem,
} from "./wire.ts";
