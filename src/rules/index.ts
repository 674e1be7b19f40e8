export { sortDiagnostics } from "./diagnostics.ts";
export { RULE_FILE_SCHEMA } from "./rule-file-schema.ts";
export { createRuleLoader } from "./rule-loader.ts";
export type * from "./types.ts";
