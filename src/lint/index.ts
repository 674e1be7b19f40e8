export { LINT_IDS, pageOf } from "./catalogue.ts";
export { type Fixed, fix } from "./fix.ts";
export { type LintInput, type LintResult, lint } from "./lint.ts";
export type { Finding, SuppressedFinding } from "./types.ts";
