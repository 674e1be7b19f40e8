import type { CelCompiler } from "../cel/index.ts";
import type { CompiledRule } from "./compile-rule.ts";
import { compareText, sortDiagnostics } from "./diagnostics.ts";
import { lintRules } from "./lint.ts";
import { byIdAndPlace, type LoadedFile, loadFile } from "./load-file.ts";
import { revisionOf } from "./revision.ts";
import { createRuleIndex } from "./rule-index.ts";
import { everyFew, finish } from "./steps.ts";
import type { Diagnostic, LoadResult, Rule, RuleLoader, RuleSet, RuleSource, Steps } from "./types.ts";

/** One loader serves one process: it keeps what it made of each file until the file's content changes. */
export function createRuleLoader({ compiler }: { readonly compiler: CelCompiler }): RuleLoader {
  let files = new Map<string, LoadedFile>();

  /** What is not loaded to its end leaves what was kept as it was. */
  function* loadSteps(sources: readonly RuleSource[]): Steps<LoadResult> {
    const loading = new Map<string, LoadedFile>();
    for (const source of sources) {
      yield;
      const known = files.get(source.path);
      const isKnown = known?.content === source.content;
      loading.set(source.path, isKnown ? known : yield* loadFile(compiler, source, known));
    }
    for (const file of loading.values()) yield* keep(compiler, file);
    files = loading;
    compiler.sweep();
    return yield* combine(compiler, [...files.values()]);
  }

  return { loadSteps, load: (sources) => finish(loadSteps(sources)) };
}

/** Asks for all expressions of a file again, so that the compiler's `sweep` does not forget those that were not new. */
function* keep(compiler: CelCompiler, file: LoadedFile): Steps<void> {
  yield* everyFew(file.rules, (rule) => {
    if (rule.when !== undefined) compiler.compileCondition(rule.when);
  });
}

function* combine(compiler: CelCompiler, files: readonly LoadedFile[]): Steps<LoadResult> {
  if (files.length === 0) {
    const message = "there is no rule file: put one with the name `*.yaml` into the rules directory";
    const diagnostic = { file: ".", line: 1, column: 1, severity: "error", code: "no-rule-files", message } as const;
    return { ok: false, diagnostics: [diagnostic] };
  }
  const all = files.flatMap((file) => file.rules).sort(byIdAndPlace);
  yield;
  const diagnostics = [...files.flatMap((file) => file.diagnostics), ...duplicateIds(all)];
  if (diagnostics.some((diagnostic) => diagnostic.severity === "error"))
    return { ok: false, diagnostics: sortDiagnostics(diagnostics) };
  const rules = all.filter((rule) => rule.enabled);
  yield;
  const warnings = sortDiagnostics([...diagnostics, ...(yield* lintRules(rules))]);
  const paths = files.map((file) => file.path).sort(compareText);
  return { ok: true, ruleSet: yield* createRuleSet(compiler, rules, paths, warnings) };
}

function* createRuleSet(
  compiler: CelCompiler,
  rules: readonly CompiledRule[],
  files: readonly string[],
  warnings: readonly Diagnostic[],
): Steps<RuleSet> {
  const index = yield* createRuleIndex(rules);
  const revision = revisionOf(rules);
  yield;
  const frame = compiler.createFrame();
  const selection = { frame, candidates: index.candidates };
  return {
    revision,
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
