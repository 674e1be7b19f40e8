import type { CelCompiler } from "../cel/index.ts";
import { type CompiledRule, compileRule, compileWhen } from "./compile-rule.ts";
import { compareText, FileReport, sortDiagnostics } from "./diagnostics.ts";
import { lintRule, lintRules } from "./lint.ts";
import { readRuleFile } from "./read-rule-file.ts";
import { revisionOf } from "./revision.ts";
import { createRuleIndex } from "./rule-index.ts";
import type { Diagnostic, LoadResult, Rule, RuleLoader, RuleSet, RuleSource } from "./types.ts";

/** One loader serves one process: it keeps what it made of each file until the file's content changes. */
export function createRuleLoader({ compiler }: { readonly compiler: CelCompiler }): RuleLoader {
  let files = new Map<string, LoadedFile>();
  return {
    load(sources) {
      const previous = files;
      files = new Map();
      for (const source of sources) {
        const known = previous.get(source.path);
        const isKnown = known?.content === source.content;
        files.set(source.path, isKnown ? kept(compiler, known) : loadFile(compiler, source));
      }
      compiler.sweep();
      return combine(compiler, [...files.values()]);
    },
  };
}

interface LoadedFile {
  readonly path: string;
  readonly content: string;
  /** Enabled and disabled rules that have no error. */
  readonly rules: readonly CompiledRule[];
  readonly diagnostics: readonly Diagnostic[];
}

function loadFile(compiler: CelCompiler, { path, content }: RuleSource): LoadedFile {
  const report = new FileReport(path, content.charCodeAt(0) === 0xfeff ? content.slice(1) : content);
  const rules: CompiledRule[] = [];
  const { rules: drafts, others } = readRuleFile(report);
  for (const { ruleId, when } of others) {
    report.ruleId = ruleId;
    compileWhen(compiler, report, when);
  }
  for (const draft of drafts) {
    report.ruleId = draft.id;
    const rule = compileRule(compiler, report, draft);
    if (rule === undefined) continue;
    rules.push(rule);
    if (rule.enabled) lintRule(report, draft, rule);
  }
  // Sorted here, so that sorting the whole set merges runs that are in order already.
  return { path, content, rules: rules.sort(byIdAndPlace), diagnostics: report.diagnostics };
}

/** Asks for the expressions of an unchanged file again, so that the compiler's `sweep` does not forget them. */
function kept(compiler: CelCompiler, file: LoadedFile): LoadedFile {
  for (const rule of file.rules) if (rule.when !== undefined) compiler.compileCondition(rule.when);
  return file;
}

function combine(compiler: CelCompiler, files: readonly LoadedFile[]): LoadResult {
  if (files.length === 0) {
    const message = "there is no rule file: put one with the name `*.yaml` into the rules directory";
    const diagnostic = { file: ".", line: 1, column: 1, severity: "error", code: "no-rule-files", message } as const;
    return { ok: false, diagnostics: [diagnostic] };
  }
  const all = files.flatMap((file) => file.rules).sort(byIdAndPlace);
  const diagnostics = [...files.flatMap((file) => file.diagnostics), ...duplicateIds(all)];
  if (diagnostics.some((diagnostic) => diagnostic.severity === "error"))
    return { ok: false, diagnostics: sortDiagnostics(diagnostics) };
  const rules = all.filter((rule) => rule.enabled);
  const warnings = sortDiagnostics([...diagnostics, ...lintRules(rules)]);
  const paths = files.map((file) => file.path).sort(compareText);
  return { ok: true, ruleSet: createRuleSet(compiler, rules, paths, warnings) };
}

function createRuleSet(
  compiler: CelCompiler,
  rules: readonly CompiledRule[],
  files: readonly string[],
  warnings: readonly Diagnostic[],
): RuleSet {
  const index = createRuleIndex(rules);
  const frame = compiler.createFrame();
  const selection = { frame, candidates: index.candidates };
  return {
    revision: revisionOf(rules),
    rules,
    files,
    warnings,
    rule: (id) => findRule(rules, id),
    select(activation) {
      frame.reset(activation);
      index.select(frame);
      return selection;
    },
  };
}

function byIdAndPlace(a: Rule, b: Rule): number {
  return (
    compareText(a.id, b.id) ||
    compareText(a.position.file, b.position.file) ||
    a.position.line - b.position.line ||
    a.position.column - b.position.column
  );
}

/** @param rules sorted by id */
function findRule(rules: readonly Rule[], id: string): Rule | undefined {
  let low = 0;
  let high = rules.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = compareText(rules[middle]!.id, id);
    if (order === 0) return rules[middle];
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/**
 * Ids are unique over the set; every later one, by file and line, is an error that names the first.
 * @param rules sorted by id and place
 */
function duplicateIds(rules: readonly Rule[]): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  let first: Rule | undefined;
  for (const rule of rules) {
    if (first?.id !== rule.id) {
      first = rule;
      continue;
    }
    const { file, line } = first.position;
    const message = `rule \`${rule.id}\` is already defined at ${file}:${line}`;
    diagnostics.push({ ...rule.position, severity: "error", code: "duplicate-rule-id", message, rule_id: rule.id });
  }
  return diagnostics;
}
