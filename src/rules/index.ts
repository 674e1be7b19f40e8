export { sortDiagnostics } from "./diagnostics.ts";
export { createRuleLoader } from "./rule-loader.ts";
export type * from "./types.ts";
