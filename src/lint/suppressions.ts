import { didYouMean } from "../rules/suggest.ts";
import type { YamlNode } from "../rules/yaml-tree.ts";
import { LINT_IDS, type LintId, SUPPRESSION_IDS } from "./catalogue.ts";
import type { Finding, LintFile, RuleLines, SuppressedFinding } from "./types.ts";

/** One id of a comment `# verdict-lint-ignore <id>, <id>: <reason>`. */
interface Suppression {
  readonly id: string;
  readonly reason: string;
  readonly offset: number;
  /** The rule that it is about, if there is one. */
  readonly target: RuleLines | undefined;
}

interface Split {
  readonly findings: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
}

/**
 * Takes out what comments say is meant: warnings of one id, in the rule that the comment stands above or in. A comment
 * without a reason suppresses nothing. Comments that are wrong or that have no effect are findings themselves.
 * @param isComplete whether everything was looked for; else a comment without effect may still be needed
 */
export function applySuppressions(files: readonly LintFile[], found: readonly Finding[], isComplete: boolean): Split {
  const findings: Finding[] = [];
  const suppressed: SuppressedFinding[] = [];
  const byPath = new Map(files.map((file) => [file.path, suppressionsIn(file)]));
  const used = new Set<Suppression>();
  for (const finding of found) {
    const reason = byPath.get(finding.file)?.find((candidate) => covers(candidate, finding));
    if (reason === undefined) findings.push(finding);
    else {
      used.add(reason);
      suppressed.push({ ...finding, reason: reason.reason });
    }
  }
  for (const file of files)
    for (const suppression of byPath.get(file.path)!) {
      const problem = problemOf(suppression, isComplete && !used.has(suppression));
      if (problem !== undefined)
        findings.push({ ...file.report.position(suppression.offset), severity: "warning", ...problem });
    }
  return { findings, suppressed };
}

function covers({ id, reason, target }: Suppression, finding: Finding): boolean {
  if (reason === "" || id !== finding.id || SUPPRESSION_IDS.has(id) || finding.severity === "error") return false;
  return target !== undefined && finding.line >= target.from && finding.line < target.to;
}

function problemOf(
  { id, reason, target }: Suppression,
  isUnused: boolean,
): { id: LintId; message: string } | undefined {
  if (!(LINT_IDS as readonly string[]).includes(id) || SUPPRESSION_IDS.has(id)) {
    const hint = SUPPRESSION_IDS.has(id) ? ", which cannot be suppressed" : didYouMean(id, LINT_IDS);
    return {
      id: "unknown-suppression",
      message: `this suppresses \`${id}\`${hint || ", and there is no such finding"}`,
    };
  }
  if (reason === "")
    return {
      id: "suppression-without-reason",
      message: `this suppresses nothing without a reason: write \`# verdict-lint-ignore ${id}: <why it is meant>\``,
    };
  // Nothing is looked for in a rule that is switched off.
  if (!isUnused || target?.isEnabled === false) return undefined;
  const why = target === undefined ? "it stands neither above a rule nor in one" : `the rule has no \`${id}\``;
  return { id: "unused-suppression", message: `this suppresses nothing: ${why}; remove it` };
}

const COMMENT =
  /^[ \t]*#[ \t]*verdict-lint-ignore\b[ \t]*([^\s:,]*(?:[ \t]*,[ \t]*[^\s:,]*)*)[ \t]*:?[ \t]*(.*?)[ \t]*$/;

function suppressionsIn({ report, root, ruleLines }: LintFile): Suppression[] {
  const { source } = report;
  if (!source.includes("verdict-lint-ignore")) return [];
  const texts = [...scalarRanges(root)];
  const lines = source.split(/\r\n?|\n/);
  const suppressions: Suppression[] = [];
  const breaks = /\r\n?|\n|$/g;
  for (let nth = 0, start = 0; nth < lines.length; nth++) {
    breaks.lastIndex = start;
    breaks.exec(source);
    const [, ids, reason] = COMMENT.exec(lines[nth]!) ?? [];
    const offset = start + lines[nth]!.search(/\S|$/);
    // A line that begins with `#` inside a text is no comment.
    if (ids !== undefined && reason !== undefined && !texts.some(({ from, to }) => offset >= from && offset < to)) {
      const target = ruleAt(lines, nth, ruleLines);
      for (const id of ids.split(",")) suppressions.push({ id: id.trim(), reason, offset, target });
    }
    start = breaks.lastIndex;
  }
  return suppressions;
}

/** The rule that begins below the line, with only comments and blank lines between; else the one that the line is in. */
function ruleAt(lines: readonly string[], nth: number, rules: readonly RuleLines[]): RuleLines | undefined {
  let below = nth + 1;
  while (below < lines.length && /^[ \t]*(?:#.*)?$/.test(lines[below]!)) below += 1;
  return rules.find(({ from }) => from === below + 1) ?? rules.findLast(({ from }) => from <= nth + 1);
}

function* scalarRanges(node: YamlNode | undefined): Generator<{ readonly from: number; readonly to: number }> {
  if (node?.kind === "scalar") yield { from: node.event.valueStart, to: node.event.valueEnd };
  if (node?.kind === "sequence") for (const item of node.items) yield* scalarRanges(item);
  if (node?.kind === "mapping") for (const { value } of node.entries) yield* scalarRanges(value);
}
