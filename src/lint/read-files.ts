import { parse } from "../cel/parser.ts";
import { FileReport } from "../rules/diagnostics.ts";
import { type RuleDraft, readRuleFile } from "../rules/read-rule-file.ts";
import type { RuleSet, RuleSource } from "../rules/types.ts";
import { sourceOffsetOf } from "../rules/yaml-position.ts";
import { parseYamlTree, type YamlNode } from "../rules/yaml-tree.ts";
import type { LintFile, LintRule, RuleLines } from "./types.ts";

/**
 * Reads the files of a rule set again, for what compiling does not keep: where things are written, and how.
 * @param ruleSet undefined when it could not be loaded; then the files have no rules
 */
export function readFiles(sources: readonly RuleSource[], ruleSet: RuleSet | undefined): LintFile[] {
  return sources.map(({ path, content }) => {
    const report = new FileReport(path, withoutMark(content));
    const { root } = parseYamlTree(report.source);
    const drafts = new Map(readRuleFile(report).rules.map((draft) => [draft.offset, draft]));
    const nodes = itemsOf(fieldOf(root, "rules"));
    const rules: LintRule[] = [];
    const file: LintFile = { path, report, root, rules, ruleLines: linesOf(report, nodes, drafts) };
    for (const node of nodes) {
      const draft = drafts.get(node.offset);
      const rule = draft && ruleSet?.rule(draft.id);
      if (draft !== undefined && rule !== undefined)
        rules.push({ rule, draft, node, file, condition: conditionOf(draft) });
    }
    return file;
  });
}

/** Rule files are read without their byte order mark. */
export function withoutMark(content: string): string {
  return content.charCodeAt(0) === 0xfeff ? content.slice(1) : content;
}

function linesOf(report: FileReport, nodes: readonly YamlNode[], drafts: ReadonlyMap<number, RuleDraft>): RuleLines[] {
  const starts = nodes.map(({ offset }) => ({
    from: report.position(offset).line,
    isEnabled: drafts.get(offset)?.enabled ?? true,
  }));
  return starts.map((start, at) => ({ ...start, to: starts[at + 1]?.from ?? Number.POSITIVE_INFINITY }));
}

export function fieldOf(node: YamlNode | undefined, name: string): YamlNode | undefined {
  return node?.kind === "mapping" ? node.entries.find(({ key }) => key === name)?.value : undefined;
}

export function itemsOf(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.kind === "sequence" ? node.items : [];
}

function conditionOf({ when }: RuleDraft) {
  const parsed = when && parse(when.source);
  return parsed?.ok ? parsed.node : undefined;
}

/** Where an offset of the condition is in the file. */
export function fileOffsetOf({ draft, file }: LintRule, offset: number): number {
  const { source, node } = draft.when!;
  return sourceOffsetOf(file.report.source, node, node.text.indexOf(source) + offset);
}
