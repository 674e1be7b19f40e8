import { hash } from "node:crypto";
import type { Json } from "../model/activation.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import type { Rule } from "./types.ts";

/** Changes whenever the canonical form below does, so that one digest never stands for two meanings. */
const FORMAT = "verdict-rules-1";

/** What a rule means, without where it stands. */
type Meaning = Omit<Rule, "position" | "digest" | "matches" | "necessary" | "isVolatile">;

/**
 * `sha256:<hex>` over what the rules mean: equal for sets that decide and answer alike, whatever their files, order,
 * comments and formatting. Made of digests that are kept with each rule, so that a reload hashes only what changed.
 * @param rules enabled rules, sorted by id
 */
export function revisionOf(rules: readonly { readonly digest: string }[]): string {
  return `sha256:${hash("sha256", FORMAT + rules.map((rule) => rule.digest).join(""), "hex")}`;
}

export function digestOf(rule: Meaning): string {
  return hash("sha256", canonicalRule(rule), "hex");
}

/** Lists whose order has no meaning are sorted. The description is a comment for people and stays out. */
function canonicalRule(rule: Meaning): string {
  return canonicalJson({
    id: rule.id,
    name: rule.name,
    priority: rule.priority,
    action_types: sortedSet(rule.actionTypes),
    action_names: sortedSet(rule.actionNames),
    when: rule.when ?? null,
    decision: rule.decision,
    reason: rule.reason,
    help_text: rule.helpText ?? null,
    help_url: rule.helpUrl ?? null,
    obligations: rule.obligations.map(({ type, params }) => ({ type, params: params as Json })),
    approval:
      rule.approval === undefined ? null : { ...rule.approval, approvers: sortedSet(rule.approval.approvers) as Json },
  });
}

function sortedSet(values: readonly string[] | undefined): Json {
  return values === undefined ? null : [...new Set(values)].sort();
}
