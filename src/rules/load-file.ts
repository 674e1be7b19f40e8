import type { CelCompiler } from "../cel/index.ts";
import { type CompiledRule, compileRule, compileWhen } from "./compile-rule.ts";
import { compareText, FileReport } from "./diagnostics.ts";
import { FORMAT_LIMITS } from "./format.ts";
import { lintRule } from "./lint.ts";
import { readRuleFile } from "./read-rule-file.ts";
import { type SplitFile, splitRules } from "./split-rules.ts";
import { finish } from "./steps.ts";
import type { Diagnostic, RuleSource, Steps } from "./types.ts";

export interface LoadedFile {
  readonly path: string;
  readonly content: string;
  /** Enabled and disabled rules that have no error, sorted: then sorting the whole set merges runs. */
  readonly rules: readonly CompiledRule[];
  readonly diagnostics: readonly Diagnostic[];
  /** What each rule's text became; undefined when the file has an error or an unusual layout. */
  readonly parts: { readonly head: string; readonly byText: ReadonlyMap<string, Part> } | undefined;
}

interface Part {
  readonly rule: CompiledRule;
  readonly warnings: readonly Diagnostic[];
}

/** @param previous the same path as it was before; texts of rules that did not change are not parsed again */
export function* loadFile(compiler: CelCompiler, source: RuleSource, previous?: LoadedFile): Steps<LoadedFile> {
  const split = source.content.length > FORMAT_LIMITS.fileCharactersMax ? undefined : splitRules(source.content);
  yield;
  const reused = split && previous && (yield* reuseParts(compiler, source, split, previous));
  const file = reused ?? (yield* parseWhole(compiler, source, split));
  yield;
  return { ...file, rules: file.rules.toSorted(byIdAndPlace) };
}

export function byIdAndPlace(a: CompiledRule, b: CompiledRule): number {
  return (
    compareText(a.id, b.id) ||
    compareText(a.position.file, b.position.file) ||
    a.position.line - b.position.line ||
    a.position.column - b.position.column
  );
}

function* parseWhole(compiler: CelCompiler, source: RuleSource, split: SplitFile | undefined): Steps<LoadedFile> {
  const file = yield* parseFile(compiler, source);
  return { ...file, parts: split && partsOf(file, split) };
}

function* parseFile(compiler: CelCompiler, { path, content }: RuleSource): Steps<LoadedFile> {
  const report = new FileReport(path, content.charCodeAt(0) === 0xfeff ? content.slice(1) : content);
  const rules: CompiledRule[] = [];
  const { rules: drafts, others } = readRuleFile(report);
  for (const { ruleId, when } of others) {
    report.ruleId = ruleId;
    compileWhen(compiler, report, when);
  }
  for (const draft of drafts) {
    yield;
    report.ruleId = draft.id;
    const rule = compileRule(compiler, report, draft);
    if (rule === undefined) continue;
    rules.push(rule);
    if (rule.enabled) lintRule(report, draft, rule);
  }
  return { path, content, rules, diagnostics: report.diagnostics, parts: undefined };
}

/** Assigns the parsed rules to their texts, if the two agree about where every rule begins. */
function partsOf({ rules, diagnostics }: LoadedFile, { head, rules: texts }: SplitFile): LoadedFile["parts"] {
  if (rules.length !== texts.length || diagnostics.some(({ severity }) => severity === "error")) return undefined;
  if (rules.some((rule, nth) => rule.position.line !== texts[nth]!.line)) return undefined;
  if (new Set(rules.map((rule) => rule.id)).size !== rules.length) return undefined;
  const warnings = new Map<string | undefined, Diagnostic[]>();
  for (const diagnostic of diagnostics)
    warnings.set(diagnostic.rule_id, [...(warnings.get(diagnostic.rule_id) ?? []), diagnostic]);
  const byText = new Map(
    rules.map((rule, nth) => [texts[nth]!.text, { rule, warnings: warnings.get(rule.id) ?? [] }] as const),
  );
  return { head, byText };
}

/** With more changes than both, parsing the whole file is about as fast. */
const CHANGED_SHARE_MAX = 0.2;
const CHANGED_MIN = 10;

/** @returns undefined when the whole file must be parsed; then that says what is wrong, if anything is */
function* reuseParts(
  compiler: CelCompiler,
  { path, content }: RuleSource,
  { head, rules: texts }: SplitFile,
  previous: LoadedFile,
): Steps<LoadedFile | undefined> {
  if (previous.parts?.head !== head) return undefined;
  const policy = previous.rules[0]!.id.split("/")[0]!;
  const byText = new Map<string, Part>();
  let changesLeft = Math.max(CHANGED_MIN, texts.length * CHANGED_SHARE_MAX);
  for (const { text, line } of texts) {
    let part = previous.parts.byText.get(text);
    if (part === undefined) {
      changesLeft -= 1;
      if (changesLeft < 0) return undefined;
      yield;
      part = parsePart(compiler, path, policy, text);
    }
    // A text that is there twice has a duplicate id: the whole file's parse says so.
    if (part === undefined || byText.has(text)) return undefined;
    byText.set(text, movedTo(line, part));
  }
  const parts = [...byText.values()];
  const rules = parts.map((part) => part.rule);
  return { path, content, rules, diagnostics: parts.flatMap((part) => part.warnings), parts: { head, byText } };
}

function parsePart(compiler: CelCompiler, path: string, policy: string, text: string): Part | undefined {
  const content = `version: 1\npolicy: ${policy}\nrules:\n${text}`;
  const { rules, diagnostics } = finish(parseFile(compiler, { path, content }));
  const [rule, second] = rules;
  if (rule === undefined || second !== undefined || diagnostics.some(({ severity }) => severity === "error"))
    return undefined;
  return { rule, warnings: diagnostics };
}

function movedTo(line: number, part: Part): Part {
  const by = line - part.rule.position.line;
  if (by === 0) return part;
  const { rule } = part;
  return {
    rule: { ...rule, position: { ...rule.position, line } },
    warnings: part.warnings.map((warning) => ({ ...warning, line: warning.line + by })),
  };
}
