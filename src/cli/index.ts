export type { ApprovalInbox } from "./approvals/deps.ts";
export { createHttpApprovalInbox } from "./approvals/http-inbox.ts";
export type { AuditSelection, AuditService } from "./audit/deps.ts";
export { createHttpAuditService } from "./audit/http-service.ts";
export { CliError } from "./cli-error.ts";
export type { CliDeps, CreateKeyInput, KeyAdmin, KeyAdminOptions } from "./deps.ts";
export { createHttpKeyAdmin, type HttpKeyAdminOptions } from "./keys/http-key-admin.ts";
