import type { CompiledRule } from "./compile-rule.ts";
import type { FileReport } from "./diagnostics.ts";
import { findMisspeltPaths } from "./lint-paths.ts";
import { findShadowedRules } from "./lint-shadowed.ts";
import type { RuleDraft } from "./read-rule-file.ts";
import type { Diagnostic, Steps } from "./types.ts";

/** Warnings about one rule by itself; they are kept with its file. */
export function lintRule(report: FileReport, draft: RuleDraft, rule: CompiledRule): void {
  const constant = rule.expression?.constant;
  const whenOffset = draft.when?.node.offset ?? draft.offset;
  const hasGlobs = rule.typeGlobs !== undefined || rule.nameGlobs !== undefined;
  if (constant === false) {
    report.warn(
      "always-false",
      whenOffset,
      "the condition is false for every request, so the rule never applies; use `enabled: false` to switch a rule off",
    );
    return;
  }
  if (constant === true && rule.when !== "true")
    report.warn(
      "always-true",
      whenOffset,
      'the condition is true for every request; write `when: "true"` if that is meant',
    );
  const isMatchAll = !hasGlobs && (constant === true || rule.when === undefined);
  if (isMatchAll && rule.decision === "allow")
    report.warn(
      "allow-everything",
      draft.offset,
      "this rule allows every action that no other rule stops; name the actions that it is meant for",
    );
  if (!isMatchAll && rule.necessary.length === 0)
    report.warn(
      "not-indexable",
      draft.offset,
      'this rule is tried on every request; add `action` globs that begin or end with fixed text, or a term such as `action_type == "..."` that is joined to the rest by `&&`',
    );
}

/** Warnings that need the whole set. */
export function* lintRules(rules: readonly CompiledRule[]): Steps<Diagnostic[]> {
  const shadowed = yield* findShadowedRules(rules);
  const misspelt = findMisspeltPaths(rules);
  yield;
  return [...shadowed, ...misspelt];
}
