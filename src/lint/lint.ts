import type { Node } from "../cel/ast.ts";
import { sortDiagnostics } from "../rules/diagnostics.ts";
import type { Diagnostic, LoadResult, RuleSource } from "../rules/types.ts";
import { findUnknownTypeGlobs, findUnknownTypes } from "./action-types.ts";
import { findBroadAllows } from "./broad-allow.ts";
import type { LintId } from "./catalogue.ts";
import { editOfCondition, editToTrue } from "./condition-edit.ts";
import { rulesNamedIn } from "./fixture-rules.ts";
import { findImpossibleComparisons, type Remark } from "./impossible-comparison.ts";
import { findMissingHas } from "./missing-has.ts";
import { findNeedlessRegexes } from "./needless-regex.ts";
import { findContradiction } from "./never-applies.ts";
import { fileOffsetOf, readFiles } from "./read-files.ts";
import { inputPathOf } from "./scope.ts";
import { applySuppressions } from "./suppressions.ts";
import type { FileEdit, Finding, LintFile, LintRule, SuppressedFinding } from "./types.ts";
import { quotesFor } from "./unquoted-text.ts";
import { findUnreachableRules } from "./unreachable-rule.ts";
import { walk } from "./walk.ts";

export interface LintInput {
  readonly sources: readonly RuleSource[];
  /** What loading made of the sources. */
  readonly loaded: LoadResult;
  /** The fixture files beside them; undefined when they are not looked at. */
  readonly fixtures: readonly RuleSource[] | undefined;
}

export interface LintResult {
  /** Sorted by file, line and column. */
  readonly findings: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
}

/**
 * Everything that is wrong or suspicious about rule files: what loading says, and what only shows when rules are read as
 * their author wrote them, together with the others and with their fixtures. Of a set with an error only what loading says.
 */
export function lint({ sources, loaded, fixtures }: LintInput): LintResult {
  const files = readFiles(sources, loaded.ok ? loaded.ruleSet : undefined);
  const diagnostics = loaded.ok ? loaded.ruleSet.warnings : loaded.diagnostics;
  const rules = files.flatMap((file) => file.rules);
  const found = [
    ...ofLoading(files, diagnostics),
    ...rules.flatMap(findingsOf),
    ...findingsOfSet(rules, diagnostics),
    ...(fixtures === undefined ? [] : untested(rules, fixtures)),
  ];
  const { findings, suppressed } = applySuppressions(files, found, loaded.ok && fixtures !== undefined);
  return { findings: sorted(findings), suppressed: sorted(suppressed) };
}

function sorted<T extends Finding>(findings: readonly T[]): T[] {
  return sortDiagnostics(findings.map((finding) => ({ ...finding, code: finding.id }))).map(
    ({ code: _, ...finding }) => finding as unknown as T,
  );
}

/** What loading reports, with what mends it. */
function ofLoading(files: readonly LintFile[], diagnostics: readonly Diagnostic[]): Finding[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return diagnostics.map(({ code, ...diagnostic }) => {
    const file = byPath.get(diagnostic.file);
    const edit = file && editForLoading(file, { code, ...diagnostic });
    return { id: code, ...diagnostic, ...(edit !== undefined && { edit }) };
  });
}

function editForLoading(file: LintFile, diagnostic: Diagnostic): FileEdit | undefined {
  if (diagnostic.severity === "error") return quotesFor(file, diagnostic);
  if (diagnostic.code !== "always-true") return undefined;
  const entry = file.rules.find(({ rule }) => rule.id === diagnostic.rule_id);
  // A condition that reads something was meant to ask something: what, a person has to say.
  if (entry?.condition === undefined || readsInputs(entry.condition)) return undefined;
  return editToTrue(entry);
}

function readsInputs(condition: Node): boolean {
  return [...walk(condition)].some(({ node, scope }) => inputPathOf(node, scope) !== undefined);
}

/** What shows in one rule by itself. */
function findingsOf(entry: LintRule): Finding[] {
  const inCondition = (id: LintId, remarks: readonly Remark[]) =>
    remarks.map(({ offset, message }) => findingAt(entry, id, fileOffsetOf(entry, offset), message));
  const contradiction = findContradiction(entry);
  // A rule that never applies needs no other remark than that.
  if (contradiction !== undefined) return [onRule(entry, "never-applies", contradiction)];
  return [
    ...inCondition("impossible-comparison", findImpossibleComparisons(entry)),
    ...inCondition("missing-has", findMissingHas(entry)),
    ...inCondition("unknown-action-type", findUnknownTypes(entry)),
    ...findUnknownTypeGlobs(entry).map(({ offset, message }) =>
      findingAt(entry, "unknown-action-type", offset, message),
    ),
    ...findNeedlessRegexes(entry).map(({ offset, message, edit }) => ({
      ...findingAt(entry, "needless-regex", fileOffsetOf(entry, offset), message),
      ...(edit !== undefined && { edit: editOfCondition(entry, edit) }),
    })),
  ];
}

/** What shows among the rules; what loading has said already is not said again. */
function findingsOfSet(rules: readonly LintRule[], diagnostics: readonly Diagnostic[]): Finding[] {
  const reported = (code: LintId) => new Set(diagnostics.filter((d) => d.code === code).map((d) => d.rule_id));
  const shadowed = reported("shadowed-rule");
  const open = reported("allow-everything");
  const unreachable = findUnreachableRules(rules.filter((entry) => findContradiction(entry) === undefined));
  const broad = findBroadAllows(rules.filter((entry) => !unreachable.has(entry)));
  return [
    ...[...unreachable]
      .filter(([{ rule }]) => !shadowed.has(rule.id))
      .map(([entry, message]) => onRule(entry, "unreachable-rule", message)),
    ...[...broad]
      .filter(([{ rule }]) => !open.has(rule.id))
      .map(([entry, message]) => onRule(entry, "broad-allow", message)),
  ];
}

function untested(rules: readonly LintRule[], fixtures: readonly RuleSource[]): Finding[] {
  const named = new Set(fixtures.flatMap(({ content }) => [...rulesNamedIn(content)]));
  const message = "no case of a `*.test.yaml` file beside the rules names this rule; write one in which it decides";
  return rules.filter(({ rule }) => !named.has(rule.id)).map((entry) => onRule(entry, "untested-rule", message));
}

function onRule(entry: LintRule, id: LintId, message: string): Finding {
  return { id, severity: "warning", message, ...entry.rule.position, rule_id: entry.rule.id };
}

function findingAt({ rule, file }: LintRule, id: LintId, offset: number, message: string): Finding {
  return { id, severity: "warning", message, ...file.report.position(offset), rule_id: rule.id };
}
