import type { CelCompiler } from "../cel/index.ts";
import { type CompiledRule, compileRule } from "./compile-rule.ts";
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
  for (const draft of readRuleFile(report)) {
    report.ruleId = draft.id;
    const rule = compileRule(compiler, report, draft);
    if (rule === undefined) continue;
    rules.push(rule);
    if (rule.enabled) lintRule(report, draft, rule);
  }
  return { path, content, rules, diagnostics: report.diagnostics };
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
  const all = files.flatMap((file) => file.rules);
  const diagnostics = [...files.flatMap((file) => file.diagnostics), ...duplicateIds(all)];
  if (diagnostics.some((diagnostic) => diagnostic.severity === "error"))
    return { ok: false, diagnostics: sortDiagnostics(diagnostics) };
  const rules = all.filter((rule) => rule.enabled).sort((a, b) => compareText(a.id, b.id));
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
  const byId = new Map<string, Rule>(rules.map((rule) => [rule.id, rule]));
  const frame = compiler.createFrame();
  const selection = { frame, candidates: index.candidates };
  return {
    revision: revisionOf(rules),
    rules,
    files,
    warnings,
    rule: (id) => byId.get(id),
    select(activation) {
      frame.reset(activation);
      index.select(frame);
      return selection;
    },
  };
}

/** Ids are unique over the set; every later one, by file and line, is an error that names the first. */
function duplicateIds(rules: readonly CompiledRule[]): Diagnostic[] {
  const first = new Map<string, CompiledRule>();
  const diagnostics: Diagnostic[] = [];
  for (const rule of rules) {
    const other = first.get(rule.id);
    if (other === undefined) {
      first.set(rule.id, rule);
      continue;
    }
    const isLater = compareText(other.position.file, rule.position.file) || other.position.line - rule.position.line;
    const [earlier, later] = isLater <= 0 ? [other, rule] : [rule, other];
    first.set(rule.id, earlier);
    diagnostics.push({
      ...later.position,
      severity: "error",
      code: "duplicate-rule-id",
      message: `rule \`${rule.id}\` is already defined at ${earlier.position.file}:${earlier.position.line}`,
      rule_id: rule.id,
    });
  }
  return diagnostics;
}
