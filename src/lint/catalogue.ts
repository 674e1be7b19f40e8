/** Every warning that there is. A test holds the list equal to the sections of docs/lint.md and to what loading warns about. */
export const LINT_IDS = [
  "allow-everything",
  "always-false",
  "always-true",
  "broad-allow",
  "impossible-comparison",
  "missing-has",
  "needless-regex",
  "never-applies",
  "not-indexable",
  "on-timeout-allow",
  "shadowed-rule",
  "suppression-without-reason",
  "unknown-action-type",
  "unknown-path",
  "unknown-suppression",
  "unreachable-quorum",
  "unreachable-rule",
  "untested-rule",
  "unused-suppression",
] as const;

export type LintId = (typeof LINT_IDS)[number];

/** Findings about suppressions cannot be suppressed themselves. */
export const SUPPRESSION_IDS: ReadonlySet<string> = new Set<LintId>([
  "suppression-without-reason",
  "unknown-suppression",
  "unused-suppression",
]);

/** Where a finding is explained. */
export function pageOf(id: string): string {
  return `docs/lint.md#${(LINT_IDS as readonly string[]).includes(id) ? id : "errors"}`;
}
