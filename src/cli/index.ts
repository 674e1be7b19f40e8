export type { AuditSelection, AuditService } from "./audit-deps.ts";
export { createAuditFiles } from "./audit-files.ts";
export { createHttpAuditService } from "./audit-http-service.ts";
export { CliError } from "./cli-error.ts";
export type { CliDeps, CreateKeyInput, KeyAdmin, KeyAdminOptions } from "./deps.ts";
export { createHttpKeyAdmin, type HttpKeyAdminOptions } from "./http-key-admin.ts";
export { runCli } from "./run-cli.ts";
