import type { Node } from "../cel/ast.ts";
import type { FileReport } from "../rules/diagnostics.ts";
import type { RuleDraft } from "../rules/read-rule-file.ts";
import type { Position, Rule } from "../rules/types.ts";
import type { YamlNode } from "../rules/yaml-tree.ts";

/** Replaces the characters from `start` to `end`, in UTF-16 units. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** An edit of a rule file, without its byte order mark. */
export interface FileEdit extends Edit {
  /** What becomes of the condition of a rule; undefined when the edit is of something else. */
  readonly condition?: Edit & { readonly ruleId: string };
}

/**
 * One thing that is wrong or suspicious about the rules. `id` is kebab-case and stable; each warning's has a section of
 * that name in docs/lint.md, and what loading refuses has one together, `errors`.
 */
export interface Finding extends Position {
  readonly id: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** Full id of the rule it is about, where there is one. */
  readonly rule_id?: string;
  /** What mends it without changing what the rules decide; undefined where only a person can tell. */
  readonly edit?: FileEdit;
}

/** A finding that a comment in the rule file says is meant. */
export interface SuppressedFinding extends Finding {
  readonly reason: string;
}

/** One rule file as it is written. */
export interface LintFile {
  readonly path: string;
  /** Turns offsets into positions. Its source has no byte order mark. */
  readonly report: FileReport;
  readonly root: YamlNode | undefined;
  /** The enabled ones, by place in the file. */
  readonly rules: readonly LintRule[];
  /** All of them, by place in the file. */
  readonly ruleLines: readonly RuleLines[];
}

/** The lines of a rule, from 1; the second is that of the next rule, or infinite. */
export interface RuleLines {
  readonly from: number;
  readonly to: number;
  readonly isEnabled: boolean;
}

/** A rule that is enabled, as it is written and as it was compiled. */
export interface LintRule {
  readonly rule: Rule;
  readonly draft: RuleDraft;
  readonly node: YamlNode;
  readonly file: LintFile;
  /** The condition's tree; undefined for a rule without one. */
  readonly condition: Node | undefined;
}
