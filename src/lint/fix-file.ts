import { FileReport } from "../rules/diagnostics.ts";
import { type RuleDraft, readRuleFile } from "../rules/read-rule-file.ts";
import type { Edit, FileEdit } from "./types.ts";

export interface FixedText {
  readonly text: string;
  readonly applied: number;
}

/**
 * Applies edits to a rule file, from its end to its start.
 *
 * INVARIANT: each edit is read back, and kept only when it has changed just what it says: the condition of one rule, or
 * nothing but that there are fewer errors. Whatever YAML makes of quotes, folds and comments, no other change gets through.
 */
export function fixFile(source: string, edits: readonly FileEdit[]): FixedText {
  let current = readBack(source);
  let start = Number.POSITIVE_INFINITY;
  let applied = 0;
  for (const edit of edits.toSorted((a, b) => b.start - a.start)) {
    if (edit.end > start) continue;
    const next = readBack(splice(current.source, edit));
    if (!isAsSaid(current, next, edit)) continue;
    current = next;
    start = edit.start;
    applied += 1;
  }
  return { text: current.source, applied };
}

function splice(text: string, { start, end, text: part }: Edit): string {
  return text.slice(0, start) + part + text.slice(end);
}

interface Reading {
  readonly source: string;
  readonly errors: number;
  readonly rules: readonly RuleDraft[];
}

function readBack(source: string): Reading {
  const report = new FileReport("", source);
  const { rules } = readRuleFile(report);
  return { source, errors: report.errors, rules };
}

function isAsSaid(before: Reading, after: Reading, { condition }: FileEdit): boolean {
  if (condition === undefined) return after.errors < before.errors;
  if (after.errors > before.errors || after.rules.length !== before.rules.length) return false;
  return before.rules.every((rule, at) => {
    const source = rule.when?.source;
    const isEdited = source !== undefined && rule.id === condition.ruleId;
    return meaningOf(after.rules[at]!) === meaningOf(rule, isEdited ? splice(source, condition) : source);
  });
}

/** Everything about a rule but where it is written. */
function meaningOf({ offset: _, when, ...fields }: RuleDraft, source = when?.source): string {
  return JSON.stringify({ ...fields, when: source });
}
