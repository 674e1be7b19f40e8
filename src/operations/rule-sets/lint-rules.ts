import { createCelCompiler } from "../../cel/index.ts";
import { type Finding, fix, lint, pageOf, type SuppressedFinding } from "../../lint/index.ts";
import { createRuleLoader, type Diagnostic, type ReadResult, type RuleSource } from "../../rules/index.ts";

export { type Finding, pageOf, type SuppressedFinding };

export interface RulesLintInput {
  readonly rules: ReadResult;
  readonly fixtures: ReadResult;
  /** Mends what can be mended without changing what the rules decide. */
  readonly isFixing: boolean;
}

/** What is to be said of rules as they are written. */
export interface RulesLint {
  /** Sorted by file, line and column; of the rules as they are once they are mended. */
  readonly findings: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
  readonly errors: number;
  readonly warnings: number;
  /** How many files were read; undefined when not all of them could be. */
  readonly files: number | undefined;
  /** How many findings were mended. */
  readonly fixed: number;
  /** The files that have to be written for that, as they were and as they have to be. */
  readonly changes: readonly FileChange[];
}

export interface FileChange {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** What is mended may show more that can be: each pass mends all that is known, and few things have layers. */
const PASSES_MAX = 4;

/** Lints rule files as they are, or as they are once they are mended. Never throws. */
export function lintRules({ rules, fixtures, isFixing }: RulesLintInput): RulesLint {
  if (!rules.ok) return summary({ findings: rules.diagnostics.map(findingOf), suppressed: [] }, undefined, 0, []);
  const look = (sources: readonly RuleSource[]) => {
    const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sources);
    return lint({ sources, loaded, fixtures: fixtures.ok ? fixtures.sources : undefined });
  };
  let sources = rules.sources;
  let result = look(sources);
  let fixed = 0;
  for (let pass = 0; isFixing && pass < PASSES_MAX; pass++) {
    const { changed, applied } = fix(sources, result.findings);
    if (applied === 0) break;
    const byPath = new Map(changed.map((source) => [source.path, source]));
    sources = sources.map((source) => byPath.get(source.path) ?? source);
    result = look(sources);
    fixed += applied;
  }
  const { findings, suppressed } = result;
  const unreadable = fixtures.ok ? [] : fixtures.diagnostics.map(findingOf);
  const all = { findings: [...unreadable, ...findings], suppressed };
  return summary(all, rules.sources.length, fixed, changesOf(rules.sources, sources));
}

function findingOf({ code, ...diagnostic }: Diagnostic): Finding {
  return { id: code, ...diagnostic };
}

function changesOf(before: readonly RuleSource[], after: readonly RuleSource[]): FileChange[] {
  return before.flatMap(({ path, content }, at) => {
    const now = after[at]!.content;
    return now === content ? [] : [{ path, before: content, after: now }];
  });
}

function summary(
  { findings, suppressed }: Pick<RulesLint, "findings" | "suppressed">,
  files: number | undefined,
  fixed: number,
  changes: readonly FileChange[],
): RulesLint {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return { findings, suppressed, errors, warnings: findings.length - errors, files, fixed, changes };
}
